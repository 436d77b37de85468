import type { PjsipUser, SipUser } from '../support/asterisk.ts';
import { pjsipUser, sipUser } from '../support/asterisk.ts';

/** The PBXs that call phones in these tests. */
export const PBXS = ['pjsip16', 'sip16', 'pjsip22', 'kamailio'] as const;
export type PbxId = (typeof PBXS)[number];

export const PBX_NAMES: Readonly<Record<PbxId, string>> = {
  pjsip16: 'Asterisk 16, chan_pjsip',
  sip16: 'Asterisk 16, chan_sip',
  pjsip22: 'Asterisk 22, chan_pjsip',
  kamailio: 'Kamailio 5.6',
};

/** One way to set a PBX up, and the phone that tries it: a user of its own, so that one start serves all. */
export interface Setting {
  readonly user: string;
  /** In the PBX's own words, as docs/pbx/README.md has it. */
  readonly says: string;
  /** Whether the PBX asks by OPTIONS whether the phone is there, and tells what it found. */
  readonly qualifies: boolean;
  /** The section of its configuration; Kamailio goes by the user's name. */
  readonly section: string;
  /** The user part of the phone's Contact, where it is not the user. */
  readonly contactUser?: string;
}

type PjsipChoice = Omit<PjsipUser, 'user' | 'outboundProxy'>;

const NAT_CHOICES = [
  ['yes', 'yes'],
  ['yes', 'no'],
  ['no', 'yes'],
  ['no', 'no'],
] as const;

function pjsip(user: string, choice: PjsipChoice, further = ''): Setting {
  const { rewriteContact, forceRport, qualify } = choice;
  const says = `rewrite_contact=${rewriteContact}, force_rport=${forceRport}`;
  return {
    user,
    says: `${says}${qualify === 'no' ? ', no qualify' : ''}${further}`,
    qualifies: qualify === 'yes',
    section: pjsipUser({ user, ...choice }),
  };
}

/** @param proxyIp of Rollcall, for the one setting that names it */
export function pjsipSettings(proxyIp: string): readonly Setting[] {
  const combinations = (['yes', 'no'] as const).flatMap((qualify) =>
    NAT_CHOICES.map(([rewriteContact, forceRport]) => ({ rewriteContact, forceRport, qualify })),
  );
  const habit = { rewriteContact: 'yes', forceRport: 'yes', qualify: 'yes' } as const;
  const plain = { rewriteContact: 'no', forceRport: 'no', qualify: 'yes' } as const;
  return [
    ...combinations.map((choice, index) => pjsip(`u${index}`, choice)),
    pjsip('pathless', { ...habit, supportPath: 'no' }, ', support_path=no'),
    { ...pjsip('named', habit, "; the Contact's user is not the AOR's name"), contactUser: 'line-1' },
    {
      user: 'proxied',
      says: 'rewrite_contact=no, outbound_proxy=Rollcall at endpoint and AOR',
      qualifies: true,
      section: pjsipUser({ user: 'proxied', ...plain, outboundProxy: proxyIp }),
    },
  ];
}

const NAT_VALUES = ['no', 'force_rport,comedia', 'auto_force_rport,auto_comedia', 'comedia'];

function sip(options: SipUser): Setting {
  const { user, nat, supportPath, outboundProxy } = options;
  const path = supportPath === 'yes' ? ', supportpath=yes' : '';
  const proxy = outboundProxy === undefined ? '' : ', outboundproxy=Rollcall,force';
  return { user, says: `nat=${nat}${path}${proxy}`, qualifies: true, section: sipUser(options) };
}

/** @param proxyIp of Rollcall, for the one setting that names it */
export function sipSettings(proxyIp: string): readonly Setting[] {
  return [
    ...NAT_VALUES.map((nat, index) => sip({ user: `u${index}`, nat })),
    ...NAT_VALUES.map((nat, index) => sip({ user: `p${index}`, nat, supportPath: 'yes' })),
    sip({ user: 'proxied', nat: 'no', outboundProxy: proxyIp }),
  ];
}

export const KAMAILIO_SETTINGS: readonly Setting[] = [
  {
    user: 'received',
    says: 'fix_nated_register(): the binding keeps the source address',
    qualifies: false,
    section: '',
  },
  { user: 'plain', says: 'the binding is the Contact alone', qualifies: false, section: '' },
];

/**
 * The settings that are worth a try behind a NAT.
 *
 * @param tag makes the users' names unlike those of another contact mode at the same PBX
 */
export function natSettingsOf(pbx: PbxId, tag: string): readonly Setting[] {
  if (pbx === 'kamailio') {
    return KAMAILIO_SETTINGS.map((setting) => ({ ...setting, user: `${setting.user}${tag}` }));
  }
  if (pbx === 'sip16') {
    return (['no', 'yes'] as const).flatMap((supportPath) =>
      NAT_VALUES.map((nat, index) => sip({ user: `${supportPath[0]}${index}${tag}`, nat, supportPath })),
    );
  }
  const habit = { rewriteContact: 'yes', forceRport: 'yes', qualify: 'yes' } as const;
  return [
    ...NAT_CHOICES.map(([rewriteContact, forceRport], index) =>
      pjsip(`u${index}${tag}`, { rewriteContact, forceRport, qualify: 'yes' }),
    ),
    pjsip(`quiet${tag}`, { ...habit, qualify: 'no' }),
    pjsip(`single${tag}`, { ...habit, removeExisting: 'no' }, ', remove_existing=no'),
  ];
}

/** The phone that nobody picks up, set up as FreePBX would, and with Path. */
export function ringingSetting(pbx: PbxId, tag: string): Setting {
  const user = `ringing${tag}`;
  if (pbx === 'kamailio') return { ...KAMAILIO_SETTINGS[0]!, user };
  if (pbx === 'sip16') return sip({ user, nat: 'force_rport,comedia', supportPath: 'yes' });
  return pjsip(user, { rewriteContact: 'yes', forceRport: 'yes', qualify: 'no' });
}

/** Needs a Kamailio of its own. */
export const matchedSetting = (tag: string): Setting => ({
  user: `matched${tag}`,
  says: 'fix_nated_register(), and usrloc with matching_mode=3',
  qualifies: false,
  section: '',
});

export function settingsOf(pbx: PbxId, proxyIp: string): readonly Setting[] {
  if (pbx === 'kamailio') return KAMAILIO_SETTINGS;
  return pbx === 'sip16' ? sipSettings(proxyIp) : pjsipSettings(proxyIp);
}
