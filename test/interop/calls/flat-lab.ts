import type { ContactMode } from '../../../src/proxy/routes.ts';
import type { Lab } from '../support/lab.ts';
import type { Phone } from '../support/phone.ts';
import { startPhone } from '../support/phone.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';

import type { CallSeen, Ender, Patience } from './observe.ts';
import { observeCall, settledReachability, USUAL, wayOfOptions } from './observe.ts';
import type { Pbx } from './pbx.ts';
import { startPbx } from './pbx.ts';
import type { PbxId, Setting } from './settings.ts';
import { PBXS, settingsOf } from './settings.ts';
import type { Seen } from './verdict.ts';
import { verdict } from './verdict.ts';

/** All PBXs and one phone for each of their settings, in one flat network: the PBX can reach each phone's address. */
export interface Line {
  readonly pbx: Pbx;
  readonly setting: Setting;
  readonly phone: Phone;
  readonly rollcall: Rollcall;
}

const at = (octet: number, last: number): string => `127.77.${octet}.${last}`;

/** @param octets the third of 127.77.x.y, one for each PBX */
export async function openFlatLab(
  lab: Lab,
  octets: Readonly<Record<PbxId, number>>,
  contactMode: ContactMode,
): Promise<Line[]> {
  const lines = PBXS.map((id) => openPbx(lab, id, octets[id], contactMode));
  return (await Promise.all(lines)).flat();
}

export async function openPbx(lab: Lab, id: PbxId, octet: number, contactMode: ContactMode): Promise<Line[]> {
  const proxyIp = at(octet, 20);
  const settings = settingsOf(id, proxyIp);
  const place = { ip: at(octet, 10), callerIp: at(octet, 90) };
  const [pbx, rollcall] = await Promise.all([
    startPbx(lab, id, place, settings.map(({ section }) => section).join('\n')),
    startRollcall(lab, { ip: proxyIp, registrar: `${place.ip}:5060`, contactMode }),
  ]);
  const lines = settings.map((setting, index) => {
    const { user, contactUser = user } = setting;
    const phone = startPhone(lab, { user, contactUser, ip: at(octet, 101 + index), proxy: { ip: proxyIp } });
    return { pbx, setting, phone, rollcall };
  });
  await Promise.all(lines.map(({ phone }) => phone.registered()));
  return lines;
}

/** A machine that is busy with something else misses the end of a call now and then, but not three times. */
export const LOOKS = 3;
/** No further look after so long: a test that runs into its own limit does not say which line was not as expected. */
const MOST_LOOKING_MS = 240_000;

/** The verdict on a line; one that is not the expected one is looked at again. */
export async function verdictOn(
  line: Line,
  expected: string | undefined,
  patience?: Patience,
): Promise<string> {
  const giveUpAtMs = performance.now() + MOST_LOOKING_MS;
  let found = verdict(await observe(line, patience));
  for (let looks = 1; looks < LOOKS && found !== expected && performance.now() < giveUpAtMs; looks++)
    found = verdict(await observe(line, patience));
  return found;
}

/** What becomes of a line: qualify, a call that the PBX ends, a call that the phone ends. */
export async function observe(line: Line, patience: Patience = USUAL): Promise<Seen> {
  const { pbx, setting, phone, rollcall } = line;
  const us = `${rollcall.ip}:${rollcall.port}`;
  const before = phone.trace().length;
  const reachability = await settledReachability(pbx, setting, patience);
  const pbxEnds = await insist(line, 'pbx', patience);
  const phoneEnds = await insist(line, 'phone', patience);
  const patient = { ...patience, reachableMs: reachability === 'reachable' ? patience.reachableMs : 0 };
  return { reachability, options: await wayOfOptions(phone, us, before, patient), pbxEnds, phoneEnds };
}

async function insist(line: Line, ender: Ender, patience: Patience): Promise<CallSeen> {
  const { pbx, setting, phone, rollcall } = line;
  const us = `${rollcall.ip}:${rollcall.port}`;
  let seen = await observeCall(pbx, phone, ender, us, patience);
  for (let more = patience.tries - 1; more > 0 && seen.invite === 'none'; more--) {
    await settledReachability(pbx, setting, patience);
    seen = await observeCall(pbx, phone, ender, us, patience);
  }
  return seen;
}
