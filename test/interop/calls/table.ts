import type { ContactMode } from '../../../src/proxy/routes.ts';
import type { PbxId } from './settings.ts';

/** The columns of the tables. */
export const MODES = ['alias', 'path', 'alias+path', 'direct'] as const satisfies readonly ContactMode[];

/** One verdict for each mode; see verdict.ts. */
export type Verdicts = readonly [alias: string, path: string, aliasPath: string, direct: string];

const EVERYWHERE: Verdicts = ['through', 'through', 'through', 'through'];
const UNLESS_DIRECT: Verdicts = ['through', 'through', 'through', 'no'];
const PATH_NEEDED: Verdicts = ['past', 'through', 'through', 'past'];
const NEVER_THROUGH: Verdicts = ['past', 'past', 'past', 'past'];
/** No Path comes back, so that the token in the Contact alone helps. */
const ALIAS_NEEDED: Verdicts = ['through', 'no', 'through', 'no'];
/** In `direct` we don't ask to stay on the way of what follows. */
const NO_RECORD_ROUTE = "INVITE, ACK, BYE through; the phone's BYE past";

const PJSIP: Readonly<Record<string, Verdicts>> = {
  u0: UNLESS_DIRECT,
  u1: UNLESS_DIRECT,
  u2: PATH_NEEDED,
  u3: PATH_NEEDED,
  u4: UNLESS_DIRECT,
  u5: UNLESS_DIRECT,
  u6: PATH_NEEDED,
  u7: PATH_NEEDED,
  pathless: ALIAS_NEEDED,
  named: UNLESS_DIRECT,
  proxied: EVERYWHERE,
};

/** Phones and PBX in one flat network: by PBX and user (settings.ts says how each user is set up). */
export const FLAT: Readonly<Record<PbxId, Readonly<Record<string, Verdicts>>>> = {
  // Asterisk 16 goes by a stored Path only if the Contact's user is the AOR's name.
  pjsip16: { ...PJSIP, named: ALIAS_NEEDED },
  pjsip22: PJSIP,
  sip16: {
    u0: NEVER_THROUGH,
    u1: ['through', 'through', 'through', NO_RECORD_ROUTE],
    u2: NEVER_THROUGH,
    u3: NEVER_THROUGH,
    p0: PATH_NEEDED,
    p1: ['through', 'through', 'through', NO_RECORD_ROUTE],
    // It sends its INVITE to the Contact, whatever its own Route header says.
    p2: NEVER_THROUGH,
    p3: PATH_NEEDED,
    proxied: ['through', 'through', 'through', NO_RECORD_ROUTE],
  },
  kamailio: {
    received: ['through', 'through', 'through', "INVITE through; ACK, BYE, the phone's BYE past"],
    plain: PATH_NEEDED,
  },
};
