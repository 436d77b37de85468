/**
 * The loops in which a proxy spends its time, in AssemblyScript: TypeScript that is compiled to WebAssembly and
 * has vectors of 16 bytes and integers of 64 bits. Nothing here keeps state, and nothing is decided here that the
 * callers could not tell from what was written: `layout.ts` says where everything stands in memory.
 */

export { same } from './bytes.as';
export { credentials } from './credentials.as';
export { shiftLeft } from './edits.as';
export { hex, isCookie, isHex, ownBranch } from './hex.as';
export { clearHeads, copyIndex, copyPart, method, requestLine, scan, statusLine } from './lines.as';
export { addressField, headerFields } from './message-fields.as';
export { nameAddr } from './name-addr.as';
export { cseq, ipv4, writeIpv4 } from './numbers.as';
export { field, foldedField, sipHash, word, words } from './siphash.as';
export { sipUri } from './uri.as';
export { via } from './via.as';

/** Moves bytes; the ranges may overlap. */
export function move(to: i32, from: i32, length: i32): void {
  memory.copy(to, from, length);
}
