/**
 * A test reporter that writes the run's totals as one line of JSON: { passed, failed, skipped }.
 * The totals are the runner's own, which it tells as diagnostics when all is done ("pass 12"); but it counts
 * nothing for a suite that is skipped as a whole, which we do: as one.
 *
 * @typedef {{ message?: string, nesting?: number, skip?: unknown, details?: { type?: string } }} EventData
 * @param {AsyncIterable<{ type: string, data: EventData }>} source
 */
export default async function* countReporter(source) {
  /** @type {Record<string, number>} */
  const totals = {};
  let skippedSuites = 0;
  for await (const { type, data } of source) {
    const said = type === 'test:diagnostic' && data.nesting === 0 && /^(\w+) (\d+)$/.exec(data.message ?? '');
    if (said) totals[said[1]] = Number(said[2]);
    if (type === 'test:pass' && data.details?.type === 'suite' && data.skip) skippedSuites += 1;
  }
  const { pass = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0 } = totals;
  yield JSON.stringify({ passed: pass, failed: fail + cancelled, skipped: skipped + todo + skippedSuites });
}
