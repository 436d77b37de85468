import type { Phone } from '../../src/demo/phone.ts';
import type { DemoRegistrar } from '../../src/demo/registrar.ts';
import type { Endpoint } from '../../src/sip/address.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface SimulatedPhone {
  readonly phone: Phone;
  readonly local: Endpoint;
}

export interface Network {
  /** 0 ≤ share < 1 of datagrams that are lost, each way. */
  readonly loss: number;
  readonly random: () => number;
}

const ONE_WAY_MS = 5;
/** A simulation that needs more steps than this is stuck. */
const MAX_STEPS = 1_000_000;

interface Flying {
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly to: 'registrar' | 'phone';
  readonly phone: SimulatedPhone;
}

/** Phones and a registrar from one moment to another, in virtual time. */
export function simulate(
  phones: readonly SimulatedPhone[],
  registrar: DemoRegistrar,
  fromMs: number,
  toMs: number,
  network: Network,
): void {
  const flying: Flying[] = [];
  const send = (atMs: number, bytes: Uint8Array | undefined, to: Flying['to'], phone: SimulatedPhone) => {
    if (bytes !== undefined && network.random() >= network.loss) {
      flying.push({ atMs: atMs + ONE_WAY_MS, bytes, to, phone });
    }
  };
  let nowMs = fromMs;
  for (let step = 0; step < MAX_STEPS; step++) {
    const dueMs = Math.min(...flying.map(({ atMs }) => atMs), ...phones.map(({ phone }) => phone.nextAtMs));
    nowMs = Math.max(nowMs, dueMs);
    if (nowMs > toMs) return;
    const landed = flying.findIndex(({ atMs }) => atMs <= nowMs);
    if (landed >= 0) {
      const { bytes, to, phone } = flying.splice(landed, 1)[0]!;
      if (to === 'phone') send(nowMs, phone.phone.receive(bytes, nowMs), 'registrar', phone);
      else send(nowMs, registrar.respond(bytes, phone.local, nowMs), 'phone', phone);
      continue;
    }
    for (const phone of phones) {
      if (phone.phone.nextAtMs <= nowMs) send(nowMs, phone.phone.tick(nowMs), 'registrar', phone);
    }
  }
  throw new Error('the simulation is stuck');
}
