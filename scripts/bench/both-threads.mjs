// What both threads are made of, kernel and sockets left out, for whoever measures it.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeOneFile } from '../lib/bundle.mjs';
import { inRoot } from '../lib/paths.mjs';

/** Slots as the transport has them, and room for what is sent. */
export const SLOT_BYTES = 66_624;
export const HEADROOM_BYTES = 1024;
export const SENT_BYTES = 2048;
const RING_BYTES = 16 * 1024 * 1024;
const COUNTERS_BYTES = 1024 * 1024;
const US = '127.0.0.1:15060';
export const REGISTRAR = '127.0.0.1:15070';

const MODULES = [
  // First: it gives the kernel a memory of its own.
  'test/proxy/support/passing.js',
  'src/sip/kernel/kernel.js',
  // Earlier builds have what stands in these two in the one before.
  'src/sip/kernel/layout.js',
  'src/sip/kernel/web-assembly.js',
  'src/proxy/decide.js',
  'src/proxy/decision.js',
  'src/net/forwarder.js',
  'src/net/counters.js',
  'src/net/reply-limiter.js',
  // Earlier builds have these three in the fourth.
  'src/net/ring/memory.js',
  'src/net/ring/reader.js',
  'src/net/ring/writer.js',
  'src/net/ring.js',
  'src/monitor/monitor.js',
  'src/monitor/tapped.js',
];

/**
 * What these modules export, out of one file that exports it in one object: as in what ships, the compiler then knows that
 * what the modules work with stays what it is.
 *
 * @param {string} dist
 */
async function load(dist) {
  const folder = inRoot('.cache', 'replay');
  const name = dist.replaceAll(/\W+/g, '-');
  const entry = join(folder, `${name}.entry.mjs`);
  const file = join(folder, `${name}.mjs`);
  const modules = MODULES.filter((path) => existsSync(join(dist, path)));
  const imports = modules.map((path, i) => `import * as part${i} from ${JSON.stringify(join(dist, path))};`);
  const parts = modules.map((_, i) => `...part${i}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(entry, `${imports.join('\n')}\nexport const parts = { ${parts.join(', ')} };\n`);
  await writeOneFile(entry, file, (module) => {
    throw new Error(`${module} would be a file of its own`);
  });
  return (await import(file)).parts;
}

/**
 * The parts of one build, around memory as the process has it.
 *
 * @param {string} dist
 * @param {number} slots datagrams that there is room for at a time
 */
export async function assemble(dist, slots) {
  const parts = await load(dist);
  const { Decision, Forwarder, ForwardingCounters, Monitor, ReplyLimiter, RingReader, RingWriter, Tapped } =
    parts;
  const { createSharedMemory, decide, endpoint, KERNEL_BYTES, kernel, ringFootprint, routesOf } = parts;

  const slotsAt = Math.ceil(ringFootprint(RING_BYTES) / 64) * 64;
  const sentAt = slotsAt + slots * SLOT_BYTES;
  const kernelAt = sentAt + slots * SENT_BYTES;
  const memory = createSharedMemory(kernelAt + KERNEL_BYTES);
  kernel.moveTo(memory, kernelAt);
  const place = { buffer: memory.buffer, offset: 0, capacityBytes: RING_BYTES };
  const tap = new RingWriter(place);
  /** @type {number[]} Where what was sent of the batch ends. */
  const sent = [];
  const transport = {
    faceRegistrar: () => {},
    send(
      /** @type {Uint8Array} */ bytes,
      /** @type {number} */ start,
      /** @type {number} */ end,
      /** @type {number} */ _socket,
      /** @type {unknown} */ _target,
      /** @type {number} */ tag,
    ) {
      const at = sentAt + sent.length * SENT_BYTES;
      kernel.copyWithin(bytes, at, start, end);
      sent.push(at + end - start);
      forwarder.sent(tag);
    },
  };
  const routes = routesOf({
    us: [US],
    registrar: REGISTRAR,
    registrarNets: ['127.0.0.1/32'],
    phoneNets: ['127.0.0.0/8'],
  });
  const forwarder = new Forwarder({
    transport,
    decide,
    decision: new Decision(),
    assignment: { routes, registrars: [routes.registrar] },
    counters: new ForwardingCounters(new SharedArrayBuffer(COUNTERS_BYTES), [0.001, 1]),
    tap,
    limiter: new ReplyLimiter(1000, 0),
    reportBug: (/** @type {unknown} */ error) => {
      throw error;
    },
  });
  const monitor = new Monitor({}, () => {});
  return {
    ...{ endpoint, forwarder, kernel, monitor, sent, sentAt, slotsAt },
    bytes: tap.bytes,
    reader: new RingReader(place),
    tapped: new Tapped(),
  };
}
