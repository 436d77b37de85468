/**
 * A test reporter that writes the run's totals as one line of JSON: { passed, failed, skipped }.
 * The totals are the runner's own, which it tells as diagnostics when all is done ("pass 12").
 *
 * @param {AsyncIterable<{ type: string, data: { message?: string, nesting?: number } }>} source
 */
export default async function* countReporter(source) {
  /** @type {Record<string, number>} */
  const totals = {};
  for await (const { type, data } of source) {
    const said = type === 'test:diagnostic' && data.nesting === 0 && /^(\w+) (\d+)$/.exec(data.message ?? '');
    if (said) totals[said[1]] = Number(said[2]);
  }
  const { pass = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0 } = totals;
  yield JSON.stringify({ passed: pass, failed: fail + cancelled, skipped: skipped + todo });
}
