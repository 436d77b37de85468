import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExchangeKey } from '../../src/monitor/exchange-key.ts';
import { decide } from '../../src/proxy/decide.ts';
import { Datagram, Decision } from '../../src/proxy/decision.ts';
import { Message, parse } from '../../src/sip/message.ts';
import { endpoint, routesOf } from '../proxy/support/passing.ts';

const HASH_KEY = Int32Array.of(5, -6, 7, -8);
const ADDRESSES = ['10.0.1.7:5060', '10.0.1.9:5090', '[2001:db8::7]:5060'];

/** Everything that a key says. */
function shown(key: ExchangeKey): string {
  return `${key.text} ${key.hash}`;
}

test('the transaction of a tapped REGISTER is what our Via says in the datagram that goes out', () => {
  const decision = new Decision();
  const seen = new Set<string>();
  for (const us of ADDRESSES) {
    const routes = routesOf({
      us: [us],
      registrar: us.startsWith('[') ? '[2001:db8::8]:5060' : '10.0.1.8:5060',
    });
    for (const cseq of [0, 1, 2147483647]) {
      const source = us.startsWith('[') ? '[fc00::5]:5062' : '10.0.13.244:5062';
      const lines = [
        'REGISTER sip:iptlab.com SIP/2.0',
        `Via: SIP/2.0/UDP ${source};branch=z9hG4bK-${cseq};rport`,
        'From: <sip:24001@iptlab.com>;tag=1',
        'To: <sip:24001@iptlab.com>',
        'Call-ID: 1@x',
        `CSeq: ${cseq} REGISTER`,
        '',
        '',
      ];
      const datagram = new Datagram();
      datagram.bytes = new Uint8Array(Buffer.from(lines.join('\r\n'), 'latin1'));
      datagram.end = datagram.bytes.length;
      datagram.source.copyFrom(endpoint(source));
      assert.equal(decide(datagram, routes, decision), 'forwarded', `${us} ${decision.reason}`);
      assert.equal(decision.tap, 'register');
      const { message, edits } = decision;
      const sent = new Uint8Array(message.end - message.start + edits.growth);
      edits.copyTo(message.bytes, message.start, message.end, sent, 0);

      const [told, read] = [new ExchangeKey(HASH_KEY), new ExchangeKey(HASH_KEY)];
      told.set(decision.transaction);
      const parsed = new Message();
      assert.ok(parse(sent, 0, sent.length, parsed) && read.read(parsed));
      assert.equal(shown(told), shown(read));
      seen.add(shown(told));
    }
  }
  assert.equal(seen.size, ADDRESSES.length * 3);
});
