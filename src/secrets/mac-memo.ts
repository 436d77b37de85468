/** Computes a MAC over bytes [0, length) and writes it to `out` at `outAt`. */
export type Mac = (bytes: Uint8Array, length: number, out: Uint8Array, outAt: number) => void;

const SLOTS = 16_384;
const SLOT_BYTES = 32;
const MAX_INPUT_BYTES = 20;

/**
 * The same MAC, but what was asked lately is looked up: a phone's token is made at each of its REGISTERs, checked
 * at each 200 and at each request that comes for it, always over the same few bytes, and an HMAC costs as much
 * as all the rest of a REGISTER together. Nothing depends on it: it holds what can be computed again at any time, and
 * what shares a slot takes its place. All inputs are found or not found alike, so time tells nothing of the key.
 *
 * A slot: length of the input + 1 (0 = empty), up to 20 bytes of input, up to 11 of the MAC.
 */
export function remembered(mac: Mac, macBytes: number): Mac {
  const slots = new Uint8Array(SLOTS * SLOT_BYTES);
  const macAt = 1 + MAX_INPUT_BYTES;
  return (bytes, length, out, outAt) => {
    if (length > MAX_INPUT_BYTES || macBytes > SLOT_BYTES - macAt) {
      mac(bytes, length, out, outAt);
      return;
    }
    const slot = (hashOf(bytes, length) & (SLOTS - 1)) * SLOT_BYTES;
    let isKnown = slots[slot] === length + 1;
    for (let i = 0; i < length && isKnown; i++) isKnown = slots[slot + 1 + i] === bytes[i];
    if (!isKnown) {
      mac(bytes, length, slots, slot + macAt);
      slots[slot] = length + 1;
      for (let i = 0; i < length; i++) slots[slot + 1 + i] = bytes[i]!;
    }
    for (let i = 0; i < macBytes; i++) out[outAt + i] = slots[slot + macAt + i]!;
  };
}

/** FNV-1a, with its high bits brought down; it finds a slot and decides nothing. */
function hashOf(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}
