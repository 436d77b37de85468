/** What the monitor must bear: rows 57 to 59. */
import assert from 'node:assert/strict';
import { PHONE, register, request } from '../support/messages.ts';
import type { HardCase } from './hard-case.ts';
import { hops } from './hard-case.ts';
import { assertLabel } from './labels.ts';

const PBX = '10.0.1.8:5060';
const STAMP: readonly [string, string] = ['branch=z9hG4bKphone1', 'branch=z9hG4bKphone1;received=10.0.9.9'];

const AGENT = `"\\n${'x"\\n;,'.repeat(680)}\u0001\u007f\u0085`;
/** Contact values, more than any registrar allows for one AOR. */
const MANY = Array.from({ length: 100 }, (_, i) => `<sip:${i}-${'u'.repeat(560)}@10.0.9.9>;expires=60`);
/** Bindings of one AOR that the monitor keeps at most. */
const MOST_BINDINGS = 64;

export const REGISTRATIONS: readonly HardCase[] = [
  {
    row: 57,
    name: 'Contact: * with Expires: 3600',
    section: 'RFC 3261 §10.2.2',
    about: 'a star means removal, and stands with `Expires: 0` only',
    input: register('*', { headers: ['Expires: 3600'] }),
    source: PHONE,
    setting: { contactMode: 'alias' },
    parse: 'message',
    forward: { does: 'forwarded', to: PBX, changes: [STAMP, hops(70)] },
    says: 'the registrar judges it',
    monitor: {
      tap: 'register',
      says: 'notice `invalid_contact`; nothing is removed',
      answer: ['400 Bad Request'],
      proves: ({ events }) => {
        const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.notice] : []));
        assert.deepEqual(notices, ['invalid_contact']);
      },
    },
  },
  {
    row: 58,
    name: '100 Contacts in 60 kB',
    section: 'RFC 3261 §18.1.1',
    about: 'far over the size for which UDP is meant',
    input: request({
      method: 'REGISTER',
      uri: 'sip:example.com',
      to: '<sip:100@example.com>',
      headers: MANY.map((value) => `Contact: ${value}`),
    }),
    source: PHONE,
    parse: 'message',
    forward: { does: 'forwarded', to: PBX, changes: [STAMP, hops(70)] },
    says: 'whole',
    monitor: {
      tap: 'register',
      says: `bindings of one AOR are bounded`,
      answer: ['200 OK', ...MANY.map((value) => `Contact: ${value}`)],
      proves: ({ monitor }) => {
        const kept = [...monitor.bindingsOf('100@example.com')];
        assert.ok(kept.length > 0 && kept.length <= MOST_BINDINGS, `${kept.length} bindings`);
        for (const { contact } of kept) assertLabel(contact);
      },
    },
  },
  {
    row: 59,
    name: 'a User-Agent of 4 kB',
    section: 'RFC 3261 §20.41',
    about: 'quotes, backslashes, control characters',
    input: register('<tel:100>', { headers: [`User-Agent: ${AGENT}`] }),
    source: PHONE,
    parse: 'message',
    forward: { does: 'forwarded', to: PBX, changes: [STAMP, hops(70)] },
    says: 'whole',
    monitor: {
      tap: 'register',
      says: 'its text is printable and bounded wherever it is told',
      answer: ['403 Forbidden'],
      proves: ({ events }) => {
        const [event] = events.filter(({ kind }) => kind === 'registration');
        assert.equal(event?.kind, 'registration');
        if (event?.kind === 'registration') assertLabel(event.userAgent);
      },
    },
  },
];
