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
/**
 * In `direct` we don't ask to stay on the way of what follows. chan_pjsip with rewrite_contact=yes (`no` below) then
 * sends the BYE for a phone that calls to our address, too, where nothing says whom it is for: such a phone is not
 * told that the other has hung up.
 */
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

/** The columns of the table of phones behind a NAT. */
export const NAT_MODES = ['alias', 'path', 'alias+path'] as const satisfies readonly ContactMode[];
export type NatVerdicts = readonly [alias: string, path: string, aliasPath: string];

/** Registered, and registered anew after the NAT has given the phone another port. */
export interface NatRow {
  readonly first: NatVerdicts;
  readonly rebound: NatVerdicts;
}

const ALWAYS: NatVerdicts = ['through', 'through', 'through'];
/** Its calls go to the Contact, which is an address behind the NAT. */
const NOT_ALIAS: NatVerdicts = ['no', 'through', 'through'];
const NOT_PATH: NatVerdicts = ['through', 'no', 'through'];
const STEADY: NatRow = { first: ALWAYS, rebound: ALWAYS };

const PJSIP_NAT: Readonly<Record<string, NatRow>> = {
  // Its OPTIONS keep the Path of the first REGISTER for as long as the binding lives, and without an answer to
  // them it does not call. With `alias` the binding is a new one.
  u0: { first: ALWAYS, rebound: NOT_PATH },
  u1: { first: ALWAYS, rebound: NOT_PATH },
  u2: { first: NOT_ALIAS, rebound: ['no', 'no', 'through'] },
  u3: { first: NOT_ALIAS, rebound: ['no', 'no', 'through'] },
  quiet: STEADY,
  // The new binding is one too many (403), and the old one leads nowhere.
  single: { first: ALWAYS, rebound: ['no', 'no', 'no'] },
};

const SIP_NAT = { first: NOT_PATH, rebound: NOT_PATH };

/** Phones behind a NAT, by PBX and user without tag. */
export const NAT: Readonly<Record<PbxId, Readonly<Record<string, NatRow>>>> = {
  pjsip16: PJSIP_NAT,
  pjsip22: PJSIP_NAT,
  sip16: {
    n0: SIP_NAT,
    n1: SIP_NAT,
    n2: SIP_NAT,
    n3: SIP_NAT,
    y0: STEADY,
    y1: STEADY,
    y2: STEADY,
    y3: STEADY,
  },
  kamailio: {
    received: STEADY,
    plain: { first: NOT_ALIAS, rebound: NOT_ALIAS },
    // It finds the binding by its Call-ID, and keeps the Contact that it has.
    matched: { first: ALWAYS, rebound: ['no', 'through', 'through'] },
  },
};

/** Bindings that a phone has after a rebind, where it is not one. */
export const BINDINGS_AFTER_REBIND: Readonly<Record<string, readonly [number, number, number]>> = {
  'kamailio received': [2, 1, 2],
  'kamailio plain': [2, 1, 2],
};

/** What becomes of a phone behind a NAT that rings when the PBX gives up; see observeCancel. */
export const GIVEN_UP: Readonly<Record<PbxId, NatVerdicts>> = {
  pjsip16: ['stops', 'stops', 'stops'],
  pjsip22: ['stops', 'stops', 'stops'],
  // Its CANCEL has no Route, and the address behind the NAT in its Request-URI.
  sip16: ['stops', 'rings on', 'stops'],
  kamailio: ['stops', 'stops', 'stops'],
};
