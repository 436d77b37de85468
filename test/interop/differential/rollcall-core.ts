import type { Reason } from '../../../src/proxy/reasons.ts';
import type { ContactMode, Routes } from '../../../src/proxy/routes.ts';
import { pass, routesOf } from '../../proxy/support/passing.ts';
import type { Outcome } from './outcome.ts';
import { statusOf } from './outcome.ts';
import type { From, Profile } from './places.ts';
import { PHONE_NET, PROXY, placeText, REGISTRAR, SOURCE } from './places.ts';

/** Our side in this process, with the settings in which it does what the other does. */
const ROUTES: Readonly<Record<Profile, Routes>> = {
  direct: routesFor('direct'),
  recording: routesFor('recording'),
};

function routesFor(profile: Profile): Routes {
  // Path mode is what makes us stay in dialogs; what it does to REGISTER is kept out of the comparison.
  return routesIn(profile === 'recording' ? 'path' : 'direct', profile);
}

export function routesIn(contactMode: ContactMode, profile: Profile): Routes {
  return routesOf({
    us: [placeText(PROXY[profile])],
    registrar: placeText(REGISTRAR),
    phoneNets: [PHONE_NET],
    contactMode,
    rport: 'force',
  });
}

export interface OwnOutcome {
  readonly outcome: Outcome;
  readonly reason: Reason;
}

export function decideHere(bytes: Uint8Array, from: From, profile: Profile): OwnOutcome {
  return decideBy(ROUTES[profile], bytes, from);
}

export function decideBy(routes: Routes, bytes: Uint8Array, from: From): OwnOutcome {
  const { outcome, reason, sent, target } = pass(bytes, placeText(SOURCE[from]), routes);
  switch (outcome) {
    case 'forwarded':
      return { outcome: { kind: 'forwarded', target, sent }, reason };
    case 'answered':
      return { outcome: { kind: 'answered', status: statusOf(sent), target, sent }, reason };
    case 'absorbed':
    case 'dropped':
      return { outcome: { kind: 'silent' }, reason };
  }
}
