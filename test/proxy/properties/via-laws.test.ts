/** Our Via over generated requests: what a CANCEL, an ACK, a retransmission and a response need of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endpointText } from '../../../src/sip/address.ts';
import type { MessageParts } from '../../support/arbitraries/message.ts';
import { messageBytes, sipMessage } from '../../support/arbitraries/message.ts';
import type { Verdict } from '../support/passing.ts';
import { endpoint, pass, routesOf } from '../support/passing.ts';
import { pieces } from '../support/reference.ts';
import { runs } from '../support/runs.ts';
import { cleanScene, routesFor } from '../support/scenes.ts';

const PHONE = '203.0.113.7:41234';

function ourBranch({ sent, outcome, reason }: Verdict): string {
  assert.equal(outcome, 'forwarded', reason);
  return /;branch=(z9hG4bK[0-9a-f]{32});/.exec(pieces(sent).headers[0]!)![1]!;
}

/** The same request as another method: start line and CSeq, and only the headers that such a one has. */
function asMethod(parts: MessageParts, method: string, without: readonly string[]): MessageParts {
  const headers = parts.headers
    .filter(({ header }) => !without.includes(header))
    .map((line) =>
      line.header === 'cseq' ? { ...line, value: line.value.replace(parts.method, method) } : line,
    );
  return { ...parts, method, startLine: parts.startLine.replace(parts.method, method), headers };
}

/** An INVITE that is forwarded: a sip Request-URI and hops left. */
function invite(): fc.Arbitrary<MessageParts> {
  const any = sipMessage({ style: 'exotic', kind: 'request', methods: ['INVITE'] });
  return any.filter((parts) => pass(messageBytes(parts), PHONE, routesOf()).outcome === 'forwarded');
}

test('INVITE, retransmission, CANCEL and ACK to a failure have one branch, from wherever they come', () => {
  fc.assert(
    fc.property(invite(), fc.constantFrom('auto', 'rfc', 'force'), (parts, rport) => {
      const routes = routesOf({ rport, contactMode: 'alias' });
      const branch = ourBranch(pass(messageBytes(parts), PHONE, routes));
      assert.equal(ourBranch(pass(messageBytes(parts), '203.0.113.7:1024', routes)), branch);
      const cancel = asMethod(parts, 'CANCEL', ['route', 'max-forwards', 'contact', 'supported']);
      assert.equal(ourBranch(pass(messageBytes(cancel), '198.51.100.1:5060', routes)), branch);
      const ack = asMethod(parts, 'ACK', ['max-forwards', 'authorization']);
      const headers = ack.headers.map((line) =>
        line.header === 'to' && !/;\s*tag/i.test(line.value)
          ? { ...line, value: `${line.value};tag=answered` }
          : line,
      );
      assert.equal(ourBranch(pass(messageBytes({ ...ack, headers }), PHONE, routes)), branch);
    }),
    runs(250),
  );
});

test('two INVITEs that differ in Call-ID, From tag or CSeq number have two branches', () => {
  const change = fc.constantFrom('call-id', 'cseq', 'from');
  fc.assert(
    fc.property(invite(), change, (parts, which) => {
      const headers = parts.headers.map((line) => {
        if (line.header !== which) return line;
        if (which === 'call-id') return { ...line, value: `${line.value}x` };
        if (which === 'cseq')
          return { ...line, value: line.value.replace(/^\d+/, (n) => String((Number(n) + 1) % 2 ** 31)) };
        return { ...line, value: line.value.replace(/(tag[ \t\r\n]*=[ \t\r\n]*)/i, '$1x') };
      });
      const before = pass(messageBytes(parts), PHONE, routesOf());
      const after = pass(messageBytes({ ...parts, headers }), PHONE, routesOf());
      // A display name may look like a tag: then the tag is the same.
      if (
        which === 'from' &&
        !/tag[ \t\r\n]*=/i.test(
          parts.headers.find(({ header }) => header === 'from')!.value.replace(/"(?:[^"\\]|\\[\s\S])*"/g, ''),
        )
      )
        return;
      if (after.outcome !== 'forwarded') return;
      if (which === 'from' && fromTag(before.sent) === fromTag(after.sent)) return;
      assert.notEqual(ourBranch(after), ourBranch(before));
    }),
    runs(250),
  );
});

function fromTag(sent: string): string | undefined {
  const from = pieces(sent).headers.find((header) => /^(?:f|from)[ \t]*:/i.test(header))!;
  const outside = from.replace(/"(?:[^"\\]|\\[\s\S])*"/g, '').replace(/<[^>]*>/, '');
  return /;\s*tag\s*=\s*([^;\s]*)/i.exec(outside)?.[1];
}

test('push, then pop: the response carries the sender’s Vias as stamped, and goes to the stamped address', () => {
  let returned = 0;
  fc.assert(
    fc.property(cleanScene(), (shown) => {
      const routes = routesFor(shown.setting);
      const there = pass(shown.datagram, shown.source, routes, shown.socket);
      if (there.outcome !== 'forwarded' || there.reason !== 'request') return;
      const { headers, rest } = pieces(there.sent);
      const eol = headers[0]!.endsWith('\r\n') ? '\r\n' : '\n';
      const back = pass(`SIP/2.0 404 x${eol}${headers.join('')}${rest}`, there.target, routes, there.socket);
      if (back.outcome === 'dropped') {
        assert.ok(['next_via_not_udp', 'target_refused'].includes(back.reason), back.reason);
        return;
      }
      returned++;
      assert.equal(back.sent, `SIP/2.0 404 x${eol}${headers.slice(1).join('')}${rest}`);
      assert.equal(back.socket, shown.socket);
      const [target, source] = [endpoint(back.target), endpoint(shown.source)];
      assert.ok(target.sameHost(source), `${endpointText(target)} for ${shown.source}`);
      if (shown.setting.rport === 'force') assert.equal(target.port, source.port);
    }),
    runs(2500),
  );
  assert.ok(returned > 100, `${returned} responses came back`);
});
