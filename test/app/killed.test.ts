import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { openLab } from '../interop/support/lab.ts';
import { secretFile, startRollcall } from '../interop/support/rollcall.ts';
import { Peer } from '../support/udp-peer.ts';
import { register, response } from './settings.ts';

/** Forwarding remembers nothing: what was under way when the process died goes on through the next one. */
describe('Rollcall killed between a REGISTER and its 200', () => {
  const lab = openLab();
  after(lab.close);

  it('and started again with the same secret: the late 200 still reaches the phone', async (t) => {
    const registrar = await Peer.bind('127.77.52.2');
    const phone = await Peer.bind('127.77.52.3');
    t.after(() => {
      registrar.close();
      phone.close();
    });
    const where = { ip: '127.77.52.1', registrar: registrar.address, secretFile: secretFile(lab) };
    const first = await startRollcall(lab, where);
    phone.send(register(phone.address, 24001), { host: '127.77.52.1', port: 5060 });
    const [request] = await registrar.until(1);
    await first.kill();
    assert.equal(first.program.running(), false);

    await startRollcall(lab, where);
    registrar.send(response(request!.text, '200 OK'), { host: '127.77.52.1', port: 5060 });
    const [late] = await phone.until(1);
    assert.match(late!.text, /^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/UDP 127\.77\.52\.3:/);
    assert.doesNotMatch(late!.text, /127\.77\.52\.1/);
  });

  it('and started with another secret: the 200 is refused, because nobody can tell who sent it', async (t) => {
    const registrar = await Peer.bind('127.77.52.2');
    const phone = await Peer.bind('127.77.52.3');
    t.after(() => {
      registrar.close();
      phone.close();
    });
    const where = { ip: '127.77.52.4', httpPort: 9081, registrar: registrar.address };
    const first = await startRollcall(lab, { ...where, secretFile: lab.path('one') });
    phone.send(register(phone.address, 24001), { host: '127.77.52.4', port: 5060 });
    const [request] = await registrar.until(1);
    await first.kill();

    const second = await startRollcall(lab, { ...where, secretFile: lab.path('two') });
    registrar.send(response(request!.text, '200 OK'), { host: '127.77.52.4', port: 5060 });
    // What comes behind it arrives, so it would have arrived as well.
    phone.send(register(phone.address, 24001), { host: '127.77.52.4', port: 5060 });
    const again = (await registrar.until(2)).at(-1)!;
    registrar.send(response(again.text, '403 Forbidden'), { host: '127.77.52.4', port: 5060 });
    const [only] = await phone.until(1);
    assert.match(only!.text, /^SIP\/2\.0 403 /);
    assert.match(await second.metrics(), /outcome="dropped",reason="via_check"\} 1\n/);
  });
});
