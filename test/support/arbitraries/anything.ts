/** Input for whoever must take any: messages and header values, whole and damaged, and noise. */
import fc from 'fast-check';
import { ascii } from '../../../src/sip/bytes.ts';
import { messageBytes, sipMessage } from './message.ts';
import { mutated } from './mutation.ts';
import { nameAddr } from './name-addr.ts';
import { sipUri } from './uri.ts';
import { viaValue } from './via.ts';

const datagrams = sipMessage().map(messageBytes);
const headerValues = fc
  .oneof(viaValue('exotic'), nameAddr('exotic'), sipUri('exotic'))
  .map(({ text }) => ascii(text));

/** Bytes that SIP's grammar is made of, or any others. */
export const noise: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(fc.constantFrom(...'\r\n\t ;,<>"\\=:[]@?*/sipSIP2.0vVia19%'), { maxLength: 60 })
    .map((list) => ascii(list.join(''))),
);

export const anything: fc.Arbitrary<Uint8Array> = fc.oneof(
  noise,
  mutated(datagrams),
  mutated(headerValues),
  datagrams,
  headerValues,
);

/** What may stand beside a datagram: also what would go on where it ends. */
export const neighbour: fc.Arbitrary<Uint8Array> = fc.oneof(
  noise,
  datagrams,
  headerValues,
  fc.constantFrom(...'">]\n;').map((piece) => ascii(piece)),
);
