import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseExposition, total } from '../interop/support/exposition.ts';
import { openLab } from '../interop/support/lab.ts';
import { startRollcall } from '../interop/support/rollcall.ts';
import { ledgerOf } from '../interop/support/rollcall-ledger.ts';
import { waitUntil } from '../interop/support/wait-until.ts';
import { fixture } from '../support/fixtures.ts';
import { over, TRANSPORTS } from '../support/transports.ts';
import { Peer } from '../support/udp-peer.ts';

/*
 * The two REGISTER ladders that the product comes from, through the real process and real sockets. On loopback
 * the phone's source can't be the address that its Via names, so rport is stamped besides received.
 */
const PHONE = '127.77.51.3';
const REGISTRAR = '127.77.51.2';
const OUR_VIA =
  /^Via: SIP\/2\.0\/UDP 127\.77\.51\.1:5060;branch=z9hG4bK[0-9a-f]{32};s=0;m=[0-9a-f]{16};l=[0-9a-f]{16}$/;

const text = (name: string): string => Buffer.from(fixture(`seed/${name}.sip`)).toString('latin1');

/** What must come out at the registrar: ours on top (whatever its hashes are), the phone's Via stamped, one hop less. */
function expectedRequest(sent: string, received: string, phonePort: number): string {
  const ourLine = received.split('\r\n')[1]!;
  assert.match(ourLine, OUR_VIA);
  return sent
    .replace(/^(REGISTER .*\r\n)(Via: .*)\r\n/, `$1${ourLine}\r\n$2;received=${PHONE};rport=${phonePort}\r\n`)
    .replace('\r\nMax-Forwards: 70\r\n', '\r\nMax-Forwards: 69\r\n');
}

/** The seed's answer as a registrar behind us sends it: with both Vias of the request that it got. */
function answerTo(request: string, seedAnswer: string): string {
  const vias = request.split('\r\n').filter((line) => line.startsWith('Via:'));
  return seedAnswer.replace(/\r\nVia: .*\r\n/, `\r\n${vias.join('\r\n')}\r\n`);
}

/** The same without our line: all else is the phone's to see, byte for byte. */
function expectedAnswer(answer: string): string {
  return answer.replace(/Via: SIP\/2\.0\/UDP 127\.77\.51\.1:.*\r\n/, '');
}

const LADDERS = {
  ses: ['ses-f1-register', 'ses-f2-401', 'ses-f3-register-credentials', 'ses-f4-200'],
  asterisk: [
    'asterisk-f1-register',
    'asterisk-f2-401',
    'asterisk-f3-register-credentials',
    'asterisk-f4-200',
  ],
} as const;

for (const [index, transport] of TRANSPORTS.entries()) {
  describe(`the seed's ladders through real sockets (${transport})`, over(transport), () => {
    const lab = openLab();
    after(lab.close);

    it('come out byte-exact but for what a proxy must change, and stand in the metrics', async () => {
      const registrar = await Peer.bind(REGISTRAR);
      const phone = await Peer.bind(PHONE);
      const phonePort = Number(phone.address.split(':')[1]);
      const rollcall = await startRollcall(lab, {
        ip: '127.77.51.1',
        httpPort: 9080 + index,
        registrar: registrar.address,
        flags: ['--transport', transport],
      });
      let exchanges = 0;
      try {
        for (const [f1, f2, f3, f4] of Object.values(LADDERS)) {
          for (const [request, answer] of [
            [f1, f2],
            [f3, f4],
          ] as const) {
            exchanges++;
            phone.send(text(request), { host: '127.77.51.1', port: 5060 });
            const arrived = (await registrar.until(exchanges)).at(-1)!;
            assert.equal(arrived.text, expectedRequest(text(request), arrived.text, phonePort), request);
            const reply = answerTo(arrived.text, text(answer));
            registrar.send(reply, { host: '127.77.51.1', port: 5060 });
            const answered = (await phone.until(exchanges)).at(-1)!;
            assert.equal(answered.text, expectedAnswer(reply), answer);
          }
        }
        const bindings = await waitUntil(
          'both bindings in the ledger',
          async () => {
            const ledger = await ledgerOf(rollcall);
            return ledger.length === 2 ? ledger : undefined;
          },
          { withinMs: 5000, program: rollcall.program },
        );
        assert.deepEqual(
          bindings.map(({ aor, contact, grantedExpiresSec, source }) => [
            aor,
            contact,
            grantedExpiresSec,
            source,
          ]),
          [
            ['24001@iptlab.com', 'sip:24001@10.0.13.244', 360, phone.address],
            ['60002@iptlab.com', 'sip:60002@10.0.14.250:5060', 3600, phone.address],
          ],
        );
        const samples = parseExposition(await rollcall.metrics());
        const results = (result: string) => total(samples, 'rollcall_register_results_total', { result });
        assert.deepEqual([results('challenged'), results('ok'), results('auth_failure')], [2, 2, 0]);
        assert.equal(total(samples, 'rollcall_aor_challenges_total', { aor: '24001@iptlab.com' }), 1);
        assert.equal(total(samples, 'rollcall_bindings', { domain: 'iptlab.com' }), 2);
        assert.equal(total(samples, 'rollcall_granted_expires_seconds_sum'), 360 + 3600);
      } finally {
        await rollcall.stop();
        registrar.close();
        phone.close();
      }
    });
  });
}
