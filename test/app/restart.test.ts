import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { openLab } from '../interop/support/lab.ts';
import { secretFile, startRollcall } from '../interop/support/rollcall.ts';
import { Peer } from '../support/udp-peer.ts';
import { register, response } from './settings.ts';

const OURS = { host: '127.77.50.4', port: 5060 };

describe('another process with the same secret', () => {
  const lab = openLab();
  after(lab.close);

  it('on another transport forwards a repetition to the very byte, and takes the answer to the first copy', async (t) => {
    const [registrar, phone] = await Promise.all([Peer.bind('127.77.50.5'), Peer.bind('127.77.50.6')]);
    t.after(() => {
      registrar.close();
      phone.close();
    });
    const where = { ip: OURS.host, registrar: registrar.address, secretFile: secretFile(lab) };
    const first = await startRollcall(lab, { ...where, flags: ['--transport', 'portable'] });
    const request = register(phone.address, 24001);
    phone.send(request, OURS);
    const [before] = await registrar.until(1);
    await first.kill();

    await startRollcall(lab, { ...where, flags: ['--transport', 'auto'] });
    phone.send(request, OURS);
    const [, again] = await registrar.until(2);
    assert.equal(again!.text, before!.text);
    registrar.send(response(before!.text, '200 OK'), OURS);
    const [ok] = await phone.until(1);
    assert.match(
      ok!.text,
      /^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/UDP 127\.77\.50\.6:\d+;branch=z9hG4bK24001;/,
    );
    assert.equal(ok!.from, `${OURS.host}:${OURS.port}`);
  });
});
