import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExchangeKey } from '../../src/monitor/exchange-key.ts';
import { decide } from '../../src/proxy/decide.ts';
import { Datagram, Decision } from '../../src/proxy/decision.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { endpoint, routesOf } from '../proxy/support/passing.ts';

const HASH_KEY = Int32Array.of(5, -6, 7, -8);
const ADDRESSES = ['10.0.1.7:5060', '10.0.1.9:5090', '[2001:db8::7]:5060'];

/** Everything that a key says. */
function shown(key: ExchangeKey): string {
  return `${key.text} ${key.hash}`;
}

function datagramOf(lines: readonly string[], source: string): Datagram {
  const datagram = new Datagram();
  datagram.bytes = new Uint8Array(Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'));
  datagram.end = datagram.bytes.length;
  datagram.source.copyFrom(endpoint(source));
  return datagram;
}

/** What the top Via of a message says. */
function keyIn(bytes: Uint8Array): string {
  const key = new ExchangeKey(HASH_KEY);
  const message = new Message();
  assert.ok(parse(bytes, 0, bytes.length, message) && key.read(message));
  return shown(key);
}

function keyTold({ transaction }: Decision): string {
  const key = new ExchangeKey(HASH_KEY);
  key.set(transaction);
  return shown(key);
}

test('the transaction of what is tapped is what our Via says, in the REGISTER that goes out and in its 200', () => {
  const decision = new Decision();
  const seen = new Set<string>();
  for (const us of ADDRESSES) {
    const isIpv6 = us.startsWith('[');
    const registrar = isIpv6 ? '[2001:db8::8]:5060' : '10.0.1.8:5060';
    const routes = routesOf({ us: [us], registrar });
    for (const cseq of [0, 1, 2147483647]) {
      const source = isIpv6 ? '[fc00::5]:5062' : '10.0.13.244:5062';
      const rest = [
        'From: <sip:24001@iptlab.com>;tag=1',
        'To: <sip:24001@iptlab.com>',
        'Call-ID: 1@x',
        `CSeq: ${cseq} REGISTER`,
      ];
      const via = `Via: SIP/2.0/UDP ${source};branch=z9hG4bK-${cseq};rport`;
      const register = datagramOf(['REGISTER sip:iptlab.com SIP/2.0', via, ...rest], source);
      assert.equal(decide(register, routes, decision), 'forwarded', `${us} ${decision.reason}`);
      assert.equal(decision.tap, 'register');
      const { message, edits } = decision;
      const sent = new Uint8Array(message.end - message.start + edits.growth);
      edits.copyTo(message.bytes, message.start, message.end, sent, 0);
      const key = keyTold(decision);
      assert.equal(key, keyIn(sent));
      seen.add(key);

      const sentLines = Buffer.from(sent).toString('latin1').split('\r\n');
      const vias = sentLines.filter((line) => line.startsWith('Via: '));
      const answer = (top: string) => datagramOf(['SIP/2.0 200 OK', top, vias[1]!, ...rest], registrar);
      const ok = answer(vias[0]!);
      assert.equal(decide(ok, routes, decision), 'forwarded', `${us} ${decision.reason}`);
      assert.equal(decision.tap, 'register_response');
      assert.equal(keyTold(decision), key);
      assert.equal(keyIn(ok.bytes), key);

      for (const branch of ['z9hG4bK1', `z9hG4bK${'A'.repeat(32)}`, `Z9HG4BK${'1'.repeat(32)}`, '1']) {
        assert.equal(
          decide(answer(vias[0]!.replace(/branch=\w+/, `branch=${branch}`)), routes, decision),
          'forwarded',
        );
        assert.equal(decision.transaction.isKnown, false, branch);
      }
    }
  }
  assert.equal(seen.size, ADDRESSES.length * 3);
});
