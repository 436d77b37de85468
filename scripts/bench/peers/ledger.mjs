// What Rollcall's own metrics say when the load is over.

const LIMIT_MS = 20_000;
/** Each answer is work for the monitor's thread: ten a second took it a fifth of its time. */
const EVERY_MS = 250;

/**
 * How many AORs are registered, how long it took until all were, and how many records the monitor could not be given.
 *
 * @param {string} http address and port
 * @param {number} aors so many must have registered
 */
export async function readLedger(http, aors) {
  const startMs = performance.now();
  for (;;) {
    const text = await (await fetch(`http://${http}/metrics`)).text();
    const seconds = (performance.now() - startMs) / 1000;
    const registered = total(text, 'rollcall_aors');
    if (registered >= aors || seconds * 1000 > LIMIT_MS)
      return { aors: registered, seconds, dropped: total(text, 'rollcall_tap_dropped_total') };
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

/** All series of one metric. */
function total(/** @type {string} */ text, /** @type {string} */ metric) {
  const values = text.matchAll(new RegExp(`^${metric}(?:\\{[^\\n]*\\})? (\\S+)$`, 'gm'));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
