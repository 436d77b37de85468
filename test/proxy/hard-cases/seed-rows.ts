/** What the seed's own messages show: rows 42, 43, 44. */
import assert from 'node:assert/strict';
import { responseTo } from '../support/messages.ts';
import { pass, routesOf } from '../support/passing.ts';
import type { HardCase } from './hard-case.ts';
import { HEARD, hops, messageOf, toRegistrar } from './hard-case.ts';

const PBX = '10.0.1.8:5060';
const SES = '10.0.13.244:5060';
const CREDENTIALS = messageOf('seed/ses-f3-register-credentials');
const CONTACT = 'Contact: Karen Filippelli 24001 <sip:24001@10.0.13.244>;expires=360';

export const SEED_ROWS: readonly HardCase[] = [
  {
    row: 42,
    name: 'Authorization:Digest response=…',
    section: 'RFC 3261 §20.7',
    about: 'no blank behind the colon, `response` first, a blank behind one comma',
    input: CREDENTIALS,
    source: SES,
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP 10.0.13.244;branch=z9hG4bKd9332f9b3',
      hops(70),
      ';received=10.0.13.244',
    ),
    monitor: {
      tap: 'register',
      says: 'credentials seen',
      proves: ({ monitor }) => assert.deepEqual([...monitor.counts.attempts], [0, 1, 0, 0]),
    },
  },
  {
    row: 43,
    name: 'Contact: Karen Filippelli 24001 <…>;expires=360',
    section: 'RFC 3261 §20.10',
    about: 'a display name of bare words, and the expiry in the Contact only',
    input: CREDENTIALS,
    source: SES,
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP 10.0.13.244;branch=z9hG4bKd9332f9b3',
      hops(70),
      ';received=10.0.13.244',
    ),
    proves: (verdict) => {
      const back = pass(responseTo(verdict.sent, '200 OK', [CONTACT]), PBX, routesOf());
      assert.equal(back.tap, 'register_response');
    },
    monitor: {
      tap: 'register',
      says: 'one binding of 24001@iptlab.com, granted 360 s',
      answer: ['200 OK', CONTACT],
      proves: ({ monitor }) => {
        const [binding, ...others] = monitor.bindingsOf('24001@iptlab.com');
        assert.deepEqual([binding?.grantedExpiresSec, others.length], [360, 0]);
      },
    },
  },
  {
    row: 44,
    name: 'REGISTER with a foreign Route',
    section: 'RFC 3261 §16.4',
    about: '`Route: <sip:10.0.5.110;lr>`, which is not us',
    input: messageOf('seed/asterisk-f1-register'),
    source: '10.0.14.250:5060',
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP 10.0.14.250:5060;branch=z9hG4bK5433d84ee',
      hops(70),
      ';received=10.0.14.250',
    ),
    says: 'Route unchanged',
    monitor: HEARD,
  },
];
