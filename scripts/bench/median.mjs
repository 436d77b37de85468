/** The middle of some numbers, the upper one of two. @param {number[]} values at least one */
export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
