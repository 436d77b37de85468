import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer } from '../../support/udp-peer.ts';
import { modulePath } from '../support/kamailio.ts';
import { startKamailioCalls } from '../support/kamailio-calls.ts';
import type { Lab } from '../support/lab.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { readyPart } from '../support/parts.ts';
import { startPhone } from '../support/phone.ts';
import type { Program } from '../support/program.ts';
import { startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';

/*
 * What docs/pbx/kamailio.md says of bindings that came through Rollcall, and of the sample configuration's ban by
 * address.
 */
const at = (last: number): string => `127.77.88.${last}`;
const WITHIN = { withinMs: 20_000, everyMs: 200 };

describe("in Kamailio's own words", needs('kamailio', 'sipp'), () => {
  const lab = openLab();
  after(lab.close);

  it('a binding: the Path, or the token and the address that it was received from', async () => {
    const kamailio = await startKamailioCalls(lab, { ip: at(10) });
    for (const [contactMode, last, what] of [
      ['path', 20, /Path: <sip:\w{29}@127\.77\.88\.20:5060;lr>/],
      [
        'alias',
        21,
        /Address: sip:alias@127\.77\.88\.121:5060;rollcall=\w{29}\s[\s\S]*Received: sip:127\.77\.88\.21:5060/,
      ],
    ] as const) {
      const rollcall = await startRollcall(lab, { ip: at(last), registrar: `${at(10)}:5060`, contactMode });
      const phone = startPhone(lab, { user: contactMode, ip: at(100 + last), proxy: rollcall });
      await phone.registered();
      assert.match(await kamailio.bindings(contactMode), what);
    }
  });

  const EXEMPTED = 'if (src_ip != myself && src_ip != 127.77.88.22) {';
  for (const [about, condition] of [
    ['bans Rollcall, and all phones', 'if(src_ip!=myself) {'],
    ['bans nobody where Rollcall is exempted', EXEMPTED],
  ] as const) {
    it(`the sample configuration with WITH_ANTIFLOOD: ${about}`, async () => {
      const kamailio = await startSample(lab, at(11), condition);
      const rollcall = await startRollcall(lab, {
        ip: at(22),
        registrar: `${at(11)}:5060`,
        contactMode: 'path',
      });
      const { answered, sent } = await registerMany(rollcall.ip);
      const isBanned = kamailio.output().includes('pike blocking REGISTER');
      if (condition === EXEMPTED) assert.deepEqual([answered, isBanned], [sent, false]);
      else assert.deepEqual([answered > 0, answered < sent, isBanned], [true, true, true]);
      await Promise.all([rollcall.stop(), kamailio.stop()]);
    });
  }
});

/** The package's own configuration, but for where it listens, which of its switches are on, and `condition`. */
async function startSample(lab: Lab, ip: string, condition: string): Promise<Program> {
  const part = readyPart('kamailio');
  const sample = readFileSync(join(part.dir ?? '/', 'etc', 'kamailio', 'kamailio.cfg'), 'utf8');
  const folder = lab.path('kamailio');
  mkdirSync(folder);
  const path = lab.path('kamailio.cfg');
  assert.ok(sample.includes('if(src_ip!=myself) {'));
  const text = sample
    .replace('if(src_ip!=myself) {', condition)
    .replace(/^#!KAMAILIO$/m, '$&\nalias="lab.test"')
    .replace('loadmodule "jsonrpcs.so"', '')
    .replaceAll(/^modparam\("jsonrpcs".*$/gm, '')
    .replace('loadmodule "ctl.so"', `loadmodule "ctl.so"\nmodparam("ctl", "binrpc", "unix:${folder}/ctl")`);
  writeFileSync(path, text);
  const program = lab.start({
    name: `kamailio's sample at ${ip}`,
    env: part.env,
    command: [
      'kamailio',
      ...['-f', path, ...modulePath(part), '-DD', '-E', '-n', '1', '-m', '64', '-M', '8'],
      ...['-l', `udp:${ip}:5060`, '-A', 'WITH_ANTIFLOOD', '-Y', folder, '-P', join(folder, 'pid')],
    ],
  });
  await waitUntil('an answer', () => answers(ip), { ...WITHIN, program });
  // What it has counted is forgotten by then (remove_latency of the sample: 4 s).
  await sleep(5_000);
  return program;
}

const register = (user: number, sentBy: string): string =>
  [
    'REGISTER sip:lab.test SIP/2.0',
    `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK${user}${sentBy.replaceAll(/\W/g, '')}`,
    'Max-Forwards: 70',
    `To: <sip:u${user}@lab.test>`,
    `From: <sip:u${user}@lab.test>;tag=${user}`,
    `Call-ID: ${user}@${sentBy}`,
    'CSeq: 1 REGISTER',
    `Contact: <sip:u${user}@${sentBy}>`,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

async function answers(ip: string): Promise<true | undefined> {
  const peer = await Peer.bind(at(200));
  try {
    peer.send(register(0, peer.address), { host: ip, port: 5060 });
    await peer.until(1, 500);
    return true;
  } finally {
    peer.close();
  }
}

const PHONES = 60;

/** As many phones as register within a second where a PBX has restarted. */
async function registerMany(host: string): Promise<{ sent: number; answered: number }> {
  const phones = await Promise.all(Array.from({ length: PHONES }, (_, index) => Peer.bind(at(130 + index))));
  for (const [index, phone] of phones.entries()) {
    phone.send(register(1 + index, phone.address), { host, port: 5060 });
    await sleep(10);
  }
  const answered = (): number =>
    phones.filter(({ heard }) => heard.some(({ text }) => /^SIP\/2\.0 200 /.test(text))).length;
  await waitUntil('all answers', () => (answered() === PHONES ? true : undefined), {
    withinMs: 4_000,
    everyMs: 100,
  }).catch(() => undefined);
  for (const phone of phones) phone.close();
  return { sent: PHONES, answered: answered() };
}
