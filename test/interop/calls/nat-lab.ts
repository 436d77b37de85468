import type { Lab } from '../support/lab.ts';
import type { Nat } from '../support/nat.ts';
import { openNat } from '../support/nat.ts';
import { startPhone } from '../support/phone.ts';
import type { RollcallOptions } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import type { Line } from './flat-lab.ts';
import type { Pbx } from './pbx.ts';
import { startPbx } from './pbx.ts';
import type { PbxId, Setting } from './settings.ts';
import { matchedSetting, natSettingsOf, PBXS, ringingSetting } from './settings.ts';
import { NAT_MODES } from './table.ts';

/** All PBXs, a Rollcall for each of them and each contact mode, and phones behind one NAT. */
export interface NatLab {
  readonly nat: Nat;
  readonly lines: readonly NatLine[];
  /** One for each PBX and mode: nobody picks up. */
  readonly ringing: readonly NatLine[];
}

export interface NatLine extends Line {
  /** Place in NAT_MODES. */
  readonly column: number;
  /** The same setting has the same key in all modes. */
  readonly key: string;
}

/** One for each of NAT_MODES. */
const TAGS = ['a', 'p', 'b'];

const FIRST_PHONE_PORT = 6000;
const REGISTER_EVERY_SEC = 4;
/** In 203.0.113.0/24: one PBX of each kind, and a second Kamailio; a Rollcall for each of them and each mode. */
const PLACES: readonly (PbxId | 'kamailio by Call-ID')[] = [...PBXS, 'kamailio by Call-ID'];
const address = (host: number): string => `203.0.113.${host}`;
const pbxHost = (place: number): number => 10 + place;
const CALLER_HOST = 19;
const rollcallHost = (place: number, column: number): number => 20 + 10 * column + place;

export async function openNatLab(lab: Lab): Promise<NatLab> {
  const hosts = PLACES.flatMap((_, place) => [
    pbxHost(place),
    ...NAT_MODES.map((_mode, column) => rollcallHost(place, column)),
  ]);
  const nat = openNat(lab, { serverHosts: [...hosts, CALLER_HOST], phones: 1 });
  let port = FIRST_PHONE_PORT;
  const nextPort = (): number => port++;
  const lines = await Promise.all(PLACES.map((_, place) => openPlace(lab, nat, place, nextPort)));
  await Promise.all(lines.flat().map(({ phone }) => phone.registered()));
  const rings = ({ setting }: NatLine): boolean => setting.user.startsWith('ringing');
  return { nat, lines: lines.flat().filter((line) => !rings(line)), ringing: lines.flat().filter(rings) };
}

async function openPlace(lab: Lab, nat: Nat, place: number, nextPort: () => number): Promise<NatLine[]> {
  const which = PLACES[place]!;
  const id = which === 'kamailio by Call-ID' ? 'kamailio' : which;
  const at = { ip: address(pbxHost(place)), callerIp: address(CALLER_HOST), namespace: nat.servers };
  const settings = TAGS.map((tag) =>
    which === id ? [...natSettingsOf(id, tag), ringingSetting(id, tag)] : [matchedSetting(tag)],
  );
  const sections = settings.flat().map(({ section }) => section);
  const pbx = await startPbx(lab, id, { ...at, matchingMode: which === id ? 0 : 3 }, sections.join('\n'));
  const byMode = settings.map(async (ofMode, column) => {
    const ip = address(rollcallHost(place, column));
    const lines = await openMode(lab, nat, pbx, { ip, contactMode: NAT_MODES[column]! }, ofMode, nextPort);
    const tag = TAGS[column]!;
    return lines.map((line) => ({
      ...line,
      column,
      key: `${id} ${line.setting.user.slice(0, -tag.length)}`,
    }));
  });
  return (await Promise.all(byMode)).flat();
}

async function openMode(
  lab: Lab,
  nat: Nat,
  pbx: Pbx,
  options: Pick<RollcallOptions, 'ip' | 'contactMode'>,
  settings: readonly Setting[],
  nextPort: () => number,
): Promise<Line[]> {
  const registrar = `${pbx.ip}:5060`;
  const rollcall = await startRollcall(lab, { ...options, registrar, namespace: nat.servers });
  return settings.map((setting) => {
    const phone = startPhone(lab, {
      user: setting.user,
      ip: nat.phoneIp(0),
      port: nextPort(),
      proxy: rollcall,
      namespace: nat.phones[0]!,
      registerEverySec: REGISTER_EVERY_SEC,
      whenCalled: setting.user.startsWith('ringing') ? 'rings' : 'answers',
    });
    return { pbx, setting, phone, rollcall };
  });
}
