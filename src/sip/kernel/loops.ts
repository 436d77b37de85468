/** What `kernel.as.ts` exports, which says what each does. Addresses are offsets in bytes from the memory's beginning. */
export interface Loops {
  requestLine(from: number, end: number, out: number): number;
  statusLine(from: number, end: number, out: number): number;
  nameAddr(from: number, end: number, out: number): 0 | 1;
  cseq(from: number, end: number, out: number): 0 | 1;
  ipv4(from: number, end: number, out: number): 0 | 1;
  sipUri(from: number, end: number, out: number): 0 | 1;
  credentials(from: number, end: number, out: number): 0 | 1;
  via(from: number, end: number, out: number, shift: number): 0 | 1;
  scan(
    from: number,
    end: number,
    lines: number,
    heads: number,
    line: number,
    max: number,
    shift: number,
    names: number,
  ): number;
  clearHeads(heads: number): void;
  copyIndex(heads: number, to: number, lines: number, shift: number): void;
  copyPart(
    heads: number,
    lines: number,
    start: number,
    headersStart: number,
    headersEnd: number,
    wanted: number,
    to: number,
    out: number,
  ): number;
  move(to: number, from: number, length: number): void;
  hex(from: number, to: number, bytes: number): void;
  isHex(from: number, digits: number): 0 | 1;
  field(from: number, length: number, input: number): void;
  foldedField(from: number, length: number, input: number): void;
  word(value: number, input: number): void;
  words(a: number, b: number, c: number, d: number, input: number): void;
  headerFields(heads: number, id: number, input: number): void;
  addressField(heads: number, id: number, input: number): void;
  shiftLeft(edits: number, count: number, inserts: number, start: number, newStart: number): void;
  sipHash(k0: number, k1: number, k2: number, k3: number, input: number, out: number, bytes: number): void;
  same(one: number, other: number, length: number): 0 | 1;
  method(from: number, length: number, table: number, count: number): number;
  isCookie(at: number): 0 | 1;
  ownBranch(from: number, length: number, out: number): 0 | 1;
  writeIpv4(address: number, to: number): number;
}
