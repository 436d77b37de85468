import type { PbxId } from './settings.ts';
import { matchedSetting, natSettingsOf, PBX_NAMES, PBXS, settingsOf } from './settings.ts';
import { FLAT, GIVEN_UP, MODES, NAT, NAT_MODES } from './table.ts';

const HEAD = `# Rollcall in front of your PBX

<!-- Made by \`npm run generate\` from test/interop/calls/: change it there. -->

One page for each PBX. **Read its first section before you move a phone.** From then on the PBX sees every login, and
every failed login, come from Rollcall's address. What bans by address (fail2ban, limits of packets a second) would ban
all phones at once: exempt Rollcall. What trusts by address would trust everybody: never let Rollcall's address do
without a password.

| PBX | page | tried here |
|---|---|---|
| Asterisk, chan_pjsip | [asterisk-pjsip.md](asterisk-pjsip.md) | 16.28 and 22.10 |
| Asterisk, chan_sip | [asterisk-chan-sip.md](asterisk-chan-sip.md) | 16.28 |
| FreePBX | [freepbx.md](freepbx.md) | no; the Asterisk below it, yes |
| Kamailio | [kamailio.md](kamailio.md) | 5.6.3 |
| FreeSWITCH | [freeswitch.md](freeswitch.md) | no |
| Avaya SES, Session Manager | [avaya.md](avaya.md) | no |

## How calls find their way back

A phone registers through Rollcall. Later the PBX wants to call it, and Rollcall remembers nothing. So the way back
stands in what the PBX stores, signed with Rollcall's secret:

| \`--contact-mode\` | what Rollcall changes in a REGISTER | how the PBX's call comes back |
|---|---|---|
| \`alias\` (default) | appends \`;rollcall=TOKEN\` to the Contact's URI; takes it out of the answer | to Rollcall, if the PBX sends to where the REGISTER came from; else straight to the phone |
| \`path\` | adds \`Path: <sip:TOKEN@ROLLCALL;lr>\` (and \`Supported: path\`) | with \`Route: <sip:TOKEN@ROLLCALL;lr>\` |
| \`alias+path\` | both | either way |
| \`direct\` | nothing | straight to the phone |

Don't know? Leave it at \`alias\`, and look at the tables. In all modes media (RTP) goes between phone and PBX and never
through Rollcall: what the PBX does about NAT for media must stay as it is.

A request that comes from the PBX without a token, and is for nobody that Rollcall can name, is answered 480 (OPTIONS
and ACK are dropped: an answer would tell the PBX that the phone is there). It is counted in
\`rollcall_datagrams_total{from="registrar",reason="no_token"}\`, and the log has a line that says which setting cures
it.

## Words of the tables

- **through**: INVITE, ACK and BYE of a call pass Rollcall, whichever side hangs up; the PBX's OPTIONS too.
- **past**: calls work, but go straight from the PBX to the phone. Rollcall sees the registrations, not the calls.
- **no**: the phone can't be called.
- Anything else says which request goes which way.

Each cell is a test (\`test/interop/calls/\`, \`npm run test:interop\`): a phone registers through Rollcall, the PBX calls
it, once the PBX hangs up and once the phone does.

## Phones and PBX in one flat network

The PBX can send to each phone's own address.
`;

const NAT_HEAD = `
Where \`direct\` says **no**, a phone that calls is not told either that the other side has hung up: the PBX's BYE comes
to Rollcall without a token. So with chan_pjsip \`direct\` needs \`rewrite_contact=no\` for every phone.

## Phones behind a NAT

The PBX can reach a phone only through Rollcall. \`direct\` is not for this. Where two words stand, the second is what
becomes of it when the NAT has given the phone another port and it has registered anew. What is *through* stays so with
the SIP helper (ALG) of the Linux kernel switched on in the NAT, and with every fifth packet lost.
`;

const GIVEN_UP_HEAD = `
A phone behind a NAT that rings when the PBX gives up:
`;

const TAIL = `
## What was not tried

- IPv6 between PBX and phones, TCP, TLS: Rollcall speaks UDP only.
- Phones that ask for Outbound (RFC 5626, \`reg-id\` in the Contact). A registrar that supports it may answer 439 through
  a proxy that does not. Switch it off in the phone.
`;

/** docs/pbx/README.md, whole. */
export function pbxPage(): string {
  const flat = table(MODES, flatRows());
  const nat = table(NAT_MODES, natRows());
  const givenUp = table(
    NAT_MODES,
    PBXS.map((pbx) => ({ pbx: [PBX_NAMES[pbx]], says: '', cells: GIVEN_UP[pbx] })),
  );
  return [HEAD, flat, NAT_HEAD, nat, GIVEN_UP_HEAD, givenUp, TAIL].join('');
}

interface Row {
  /** The PBXs that it is true of. */
  readonly pbx: readonly string[];
  readonly says: string;
  readonly cells: readonly string[];
}

function flatRows(): Row[] {
  return merged(
    PBXS.flatMap((pbx) =>
      settingsOf(pbx, '').map(({ user, says }) => ({
        pbx: [PBX_NAMES[pbx]],
        says,
        cells: FLAT[pbx][user] ?? missing(pbx, user),
      })),
    ),
  );
}

function natRows(): Row[] {
  const settings = (pbx: PbxId): readonly { user: string; says: string }[] =>
    pbx === 'kamailio' ? [...natSettingsOf(pbx, ''), matchedSetting('')] : natSettingsOf(pbx, '');
  return merged(
    PBXS.flatMap((pbx) =>
      settings(pbx).map(({ user, says }) => {
        const { first, rebound } = NAT[pbx][user] ?? missing(pbx, user);
        const cells = first.map((verdict, column) =>
          verdict === rebound[column] ? verdict : `${verdict}, then ${rebound[column]}`,
        );
        return { pbx: [PBX_NAMES[pbx]], says, cells };
      }),
    ),
  );
}

function missing(pbx: PbxId, user: string): never {
  throw new Error(`table.ts says nothing of ${user} at ${pbx}`);
}

/** Rows that say the same of several PBXs become one. */
function merged(rows: readonly Row[]): Row[] {
  const byContent = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.says, row.cells]);
    const known = byContent.get(key);
    byContent.set(key, known ? { ...known, pbx: [...known.pbx, ...row.pbx] } : row);
  }
  return [...byContent.values()];
}

function table(modes: readonly string[], rows: readonly Row[]): string {
  const hasSettings = rows.some(({ says }) => says !== '');
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const titles = ['PBX', ...(hasSettings ? ['setting'] : []), ...modes.map((mode) => `\`${mode}\``)];
  const body = rows.map(({ pbx, says, cells }) =>
    line([together(pbx), ...(hasSettings ? [settingText(says)] : []), ...cells]),
  );
  return `\n${line(titles)}${line(titles.map(() => '---'))}${body.join('')}`;
}

/** `Asterisk 16, chan_pjsip` and `Asterisk 22, chan_pjsip` are `Asterisk 16 and 22, chan_pjsip`. */
function together([first = '', ...others]: readonly string[]): string {
  const [name = '', driver] = first.split(', ');
  const versions = others.map((other) => other.split(', ')[0]!.split(' ').at(-1));
  return [[name, ...versions].join(' and '), driver].filter(Boolean).join(', ');
}

/** What stands in a configuration file is set as code. */
function settingText(says: string): string {
  return says.replaceAll(/\w+(?:\(\)|=\w+(?:,\w+)*)/g, (setting) => `\`${setting}\``);
}
