import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BindingEvent } from '../../src/monitor/events.ts';
import { A, B, bound, PHONE_B } from './support/bound.ts';
import { AOR, PHONE, Wire } from './support/wire.ts';

describe('bindings, one change each', () => {
  it('added: an own contact that was not there', () => {
    const wire = bound();
    assert.deepEqual(wire.changes(), { added: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
    assert.deepEqual(wire.gauges(), { bindings: 1, aors: 1 });
    assert.deepEqual(wire.monitor.aorsByContacts, [1, 0, 0, 0]);
    assert.deepEqual([...wire.monitor.aors()], [AOR]);
    const [view] = wire.monitor.bindingsOf(AOR);
    assert.equal(view?.source, PHONE);
    assert.equal(view?.userAgent, 'Elite 1.0');
    assert.equal(view?.grantedExpiresSec, 360);
    assert.equal(view?.expiresAtMs, wire.nowMs + 360_000);
    assert.equal(view?.learned, false);
  });

  it('refreshed: nothing but time has passed; no event, no series', () => {
    const wire = bound();
    const events = wire.events.length;
    wire.wait(180).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
    assert.equal(wire.events.length, events);
    assert.deepEqual(wire.series('binding_changes'), { [AOR]: 1 });
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.expiresAtMs, wire.nowMs + 360_000);
    assert.equal(wire.monitor.counts.refreshRatio.count, 1);
    assert.equal(wire.monitor.counts.refreshRatio.sum, 0.5);
    assert.equal(wire.monitor.counts.grantedExpiresSeconds.sum, 720);
  });

  it('refreshed: a grant within two seconds of the last one (registrars cut to whole seconds)', () => {
    const wire = bound();
    wire.wait(180).bind({ contacts: [`${A};expires=360`], cseq: 11 }, { contacts: [`${A};expires=358`] });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.grantedExpiresSec, 358);
  });

  it('changed: another grant', () => {
    const wire = bound();
    wire.wait(180).bind({ contacts: [`${A};expires=600`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 1, changed: 1 });
  });

  it('changed: other header parameters, or one more in the URI', () => {
    const wire = bound();
    wire.bind({ contacts: [`${A};q=0.5;expires=360`], cseq: 11 });
    wire.bind({ contacts: ['<sip:24001@10.0.13.244;ob>;q=0.5;expires=360'], cseq: 12 });
    assert.deepEqual(wire.changes(), { added: 1, changed: 2 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244;ob']);
  });

  it('nat_rebind: the same contact from another port', () => {
    const wire = bound();
    wire.bind({ contacts: [`${A};expires=360`], cseq: 11 }, {}, '10.0.13.244:41234');
    assert.deepEqual(wire.changes(), { added: 1, nat_rebind: 1 });
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.source, '10.0.13.244:41234');
  });

  it('nat_rebind is never seen in a retransmission', () => {
    const wire = bound();
    const request = wire.send({ contacts: [`${A};expires=360`], cseq: 11 });
    wire.tap('request', request.bytes, '10.0.13.244:41234');
    wire.answer(request, 200, { contacts: [`${A};expires=360`] });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
  });

  it('our own token in the Contact changes with the port, and is not what makes the difference', () => {
    const wire = new Wire().warm();
    const first = '<sip:24001@10.0.13.244;rollcall=24gcm03h0ugh4chtb9525n1a2sru6>;expires=360';
    const second = '<sip:24001@10.0.13.244;rollcall=24gcm03h0ugh4chtb9525zzzzzzzz>;expires=360';
    wire.bind({ contacts: [first], cseq: 1 });
    wire.bind({ contacts: [second], cseq: 2 }, {}, '10.0.13.244:41234');
    assert.deepEqual(wire.changes(), { added: 1, nat_rebind: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });

  it('moved: the same instance under another address', () => {
    const instance = '+sip.instance="<urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6>"';
    const wire = new Wire().warm();
    wire.bind({ contacts: [`${A};${instance};expires=360`] });
    wire.bind({ contacts: [`${B};${instance.toLowerCase()};expires=360`], callId: 'next' }, {}, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1, moved: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.77:5062']);
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.instance, 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6');
  });

  it('restarted: another Call-ID for the same contact', () => {
    const wire = bound();
    wire.bind({ contacts: [`${A};expires=360`], callId: 'after-reboot', cseq: 1 });
    assert.deepEqual(wire.changes(), { added: 1, restarted: 1 });
  });

  it('restarted: a softphone comes up on a new port of its own', () => {
    const wire = new Wire().warm();
    const instance = '+sip.instance="<urn:uuid:1>"';
    wire.bind({ contacts: [`<sip:24001@10.0.13.244:4000>;${instance};expires=360`] }, {}, '10.0.13.244:4000');
    const again = { contacts: [`<sip:24001@10.0.13.244:4001>;${instance};expires=360`], callId: 'again' };
    wire.bind(again, {}, '10.0.13.244:4001');
    assert.deepEqual(wire.changes(), { added: 1, restarted: 1 });
  });

  it('replaced: another user agent, or another instance, under the same contact', () => {
    const wire = bound();
    wire.bind({ contacts: [`${A};expires=360`], callId: 'other', userAgent: 'Deskphone 7' });
    assert.deepEqual(wire.changes(), { added: 1, replaced: 1 });
    wire.bind({
      contacts: [`${A};+sip.instance="<urn:x:1>";expires=360`],
      callId: 'o',
      userAgent: 'Deskphone 7',
    });
    wire.bind({
      contacts: [`${A};+sip.instance="<urn:x:2>";expires=360`],
      callId: 'o',
      userAgent: 'Deskphone 7',
    });
    assert.deepEqual(wire.changes(), { added: 1, replaced: 2, restarted: 1 });
  });

  it('removed: expires=0, told once', () => {
    const wire = bound();
    for (let cseq = 11; cseq < 13; cseq++) {
      wire.answer(wire.send({ contacts: [`${A};expires=0`], cseq }), 200);
    }
    assert.deepEqual(wire.changes(), { added: 1, removed: 1 });
    assert.deepEqual(wire.gauges(), { bindings: 0, aors: 0 });
    assert.deepEqual([...wire.monitor.aors()], []);
  });

  it('removed: Expires: 0 for a contact without an expiry of its own', () => {
    const wire = bound();
    wire.answer(wire.send({ contacts: [A], expires: 0, cseq: 11 }), 200);
    assert.deepEqual(wire.changes(), { added: 1, removed: 1 });
  });

  it('removed: `*` takes every binding, once each', () => {
    const wire = bound();
    wire.bind(
      { contacts: [`${B};expires=360`], callId: 'b' },
      { contacts: [`${A};expires=360`, `${B};expires=360`] },
      PHONE_B,
    );
    wire.answer(wire.send({ contacts: ['*'], expires: 0, cseq: 11 }), 200);
    assert.deepEqual(wire.changes(), { added: 2, removed: 2 });
    assert.deepEqual(wire.gauges(), { bindings: 0, aors: 0 });
  });

  it('not removed: `*` without Expires: 0, or turned down', () => {
    const wire = bound();
    wire.answer(wire.send({ contacts: ['*'], expires: 60, cseq: 11 }), 400);
    wire.answer(wire.send({ contacts: ['*'], expires: 0, cseq: 12 }), 401, { nonces: ['n'] });
    assert.deepEqual(wire.changes(), { added: 1 });
  });

  it('removed and added in one request', () => {
    const wire = bound();
    wire.bind(
      { contacts: [`${A};expires=0, ${B};expires=360`], cseq: 11 },
      { contacts: [`${B};expires=360`] },
    );
    assert.deepEqual(wire.changes(), { added: 2, removed: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.77:5062']);
  });

  it('learned: a contact that the request did not carry, with its remaining time', () => {
    const wire = bound();
    const list = [`${A};expires=360`, '<sip:24001@10.0.13.99>;expires=100'];
    wire.bind({ contacts: [`${A};expires=360`], cseq: 11 }, { contacts: list });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1, learned: 1 });
    const [learned] = wire.monitor.bindingsOf(AOR);
    assert.equal(learned?.source, '');
    assert.equal(learned?.learned, true);
    assert.equal(learned?.expiresAtMs, wire.nowMs + 100_000);
    assert.deepEqual(wire.monitor.aorsByContacts, [0, 1, 0, 0]);
  });

  it('refreshed: a learned binding whose phone turns up; nothing is known to compare with', () => {
    const wire = bound();
    wire.bind(
      { contacts: [`${A};expires=360`], cseq: 11 },
      { contacts: [`${A};expires=360, ${B};expires=100`] },
    );
    wire.bind({ contacts: [`${B};expires=360`], callId: 'b', userAgent: 'X' }, { contacts: [A, B] }, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 2, learned: 1 });
  });
});

describe('expiry', () => {
  it('expired: the grant and 10 s of grace have passed', () => {
    const wire = bound();
    wire.wait(369.9);
    assert.deepEqual(wire.changes(), { added: 1 });
    assert.equal(wire.gauges().bindings, 1);
    wire.wait(0.1);
    assert.deepEqual(wire.changes(), { added: 1, expired: 1 });
    assert.deepEqual(wire.gauges(), { bindings: 0, aors: 0 });
    assert.equal((wire.told('binding') as BindingEvent[]).at(-1)?.change, 'expired');
  });

  it('expired: in one big step as in small ones', () => {
    const wire = bound();
    for (let i = 0; i < 50; i++)
      wire.bind({ aor: `${i}@iptlab.com`, contacts: [`${A};expires=${60 + i * 700}`] });
    wire.wait(1_000_000);
    assert.deepEqual(wire.changes(), { added: 51, expired: 51 });
    assert.deepEqual(wire.monitor.aorsByContacts, [0, 0, 0, 0]);
  });

  it('a refresh within the grace is a refresh', () => {
    const wire = bound();
    wire.wait(365).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
    wire.wait(369);
    assert.equal(wire.gauges().bindings, 1);
  });

  it('what comes behind the grace is added, and the expiry is told before it', () => {
    const wire = bound();
    wire.nowMs += 370_050;
    wire.bind({ contacts: [`${A};expires=360`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 2, expired: 1 });
  });

  it('grants longer than a turn of the wheel, refreshed and shortened', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [`${A};expires=100000`], cseq: 1 });
    wire.wait(90_000);
    assert.equal(wire.gauges().bindings, 1);
    wire.bind({ contacts: [`${A};expires=60`], cseq: 2 });
    wire.wait(69);
    assert.equal(wire.gauges().bindings, 1);
    wire.wait(1);
    assert.deepEqual(wire.changes(), { added: 1, changed: 1, expired: 1 });
  });

  it('never goes back in time', () => {
    const wire = bound();
    wire.wait(300);
    wire.nowMs -= 200_000;
    wire.wait(0).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    wire.nowMs += 200_000;
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.expiresAtMs, wire.nowMs + 360_000);
  });
});

describe('the granted expiry', () => {
  const cases: [name: string, request: object, response: object, granted: number][] = [
    [
      'the 2xx Contact first',
      { contacts: [`${A};expires=60`], expires: 50 },
      { contacts: [`${A};expires=40`], expires: 30 },
      40,
    ],
    [
      'then its Expires header',
      { contacts: [`${A};expires=60`], expires: 50 },
      { contacts: [A], expires: 30 },
      30,
    ],
    [
      'then the Contact of the request',
      { contacts: [`${A};expires=60`], expires: 50 },
      { contacts: [A] },
      60,
    ],
    ['then its Expires header', { contacts: [A], expires: 50 }, { contacts: [A] }, 50],
    ['an hour where nobody says anything', { contacts: [A] }, { contacts: [A] }, 3600],
    ['an hour for nonsense', { contacts: [A] }, { contacts: [`${A};expires=soon`] }, 3600],
    [
      'the Expires header where the contact is not listed',
      { contacts: [A], expires: 50 },
      { contacts: [], expires: 30 },
      30,
    ],
    [
      'chan_pjsip: one second less than its header',
      { contacts: [A], expires: 600 },
      { contacts: [`${A};expires=599`], expires: 600 },
      599,
    ],
  ];
  for (const [name, request, response, granted] of cases) {
    it(`${name}: ${granted}`, () => {
      const wire = new Wire().warm();
      wire.bind(request, response);
      assert.equal(wire.monitor.bindingsOf(AOR)[0]?.grantedExpiresSec, granted);
    });
  }

  it('a grant of 0 is none', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [A] }, { contacts: [`${A};expires=0`] });
    assert.deepEqual(wire.changes(), {});
  });
});

describe('matching contacts', () => {
  const same: [string, string][] = [
    ['<sip:24001@10.0.13.244>', '"Karen" <sip:24001@10.0.13.244>'],
    ['<sip:24001@10.0.13.244>', 'sip:24001@10.0.13.244'],
    ['<sip:24001@10.0.13.244>', '<sip:%3224001@10.0.13.244>'.replace('%3224001', '%324001')],
    ['<sip:24001@host.example>', '<SIP:24001@HOST.example>'],
    ['<sip:24001@10.0.13.244>', '<sip:24001@10.0.13.244;rinstance=abc>'],
    ['<sip:24001@10.0.13.244;transport=udp>', '<sip:24001@10.0.13.244;ob;Transport=UDP>'],
    ['<sip:24001@[2001:db8::1]>', '<sip:24001@[2001:DB8:0::1]>'],
    ['<sip:24001@10.0.13.244>', '<sip:24001@10.0.1.7:5060;x-ast-orig-host=10.0.13.244>'],
    ['<sip:24001@10.0.13.244:5060>', '<sip:24001@203.0.113.7:41234;x-ast-orig-host=10.0.13.244:5060>'],
  ];
  for (const [first, second] of same) {
    it(`${second} is ${first}`, () => {
      const wire = new Wire().warm();
      wire.bind({ contacts: [first], cseq: 1 }, { contacts: [`${second};expires=60`] });
      assert.deepEqual(wire.changes(), { added: 1 });
      assert.equal(wire.monitor.bindingsOf(AOR)[0]?.grantedExpiresSec, 60);
    });
  }

  const different: [string, string][] = [
    ['<sip:24001@10.0.13.244>', '<sip:24001@10.0.13.244:5060>'],
    ['<sip:24001@10.0.13.244>', '<sip:24001@10.0.13.244;transport=udp>'],
    ['<sip:24001@10.0.13.244>', '<sips:24001@10.0.13.244>'],
    ['<sip:karen@10.0.13.244>', '<sip:Karen@10.0.13.244>'],
    ['<sip:24001@10.0.13.244;rinstance=a>', '<sip:24001@10.0.13.244;rinstance=b>'],
    [
      '<sip:24001@10.0.13.244>;+sip.instance="<urn:x:1>";reg-id=1',
      '<sip:24001@10.0.13.245>;+sip.instance="<urn:x:1>";reg-id=2',
    ],
  ];
  for (const [first, second] of different) {
    it(`${second} is not ${first}`, () => {
      const wire = new Wire().warm();
      const contacts = [`${first};expires=60`, `${second};expires=60`];
      wire.bind({ contacts: [`${first};expires=60`], cseq: 1 });
      wire.bind({ contacts: [`${second};expires=60`], cseq: 2 }, { contacts });
      assert.deepEqual(wire.changes(), { added: 2 });
      assert.deepEqual(wire.monitor.aorsByContacts, [0, 1, 0, 0]);
    });
  }

  it('quoted parameters hold commas and semicolons', () => {
    const wire = new Wire().warm();
    const gruu = 'pub-gruu="sip:24001@iptlab.com;gr=urn:x,y;z"';
    wire.bind(
      { contacts: [`${A};expires=60`] },
      { contacts: [`${A};${gruu};expires=60, ${B};${gruu};expires=50`] },
    );
    assert.deepEqual(wire.changes(), { added: 1, learned: 1 });
  });

  it('without brackets, parameters belong to the header', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: ['sip:24001@10.0.13.244;expires=60'] });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.grantedExpiresSec, 60);
  });

  it('two contacts of one device stay two, in whatever order they are refreshed', () => {
    const wire = new Wire().warm();
    const instance = '+sip.instance="<urn:x:1>"';
    const contacts = [`${A};${instance};expires=60`, `${B};${instance};expires=60`];
    wire.bind({ contacts });
    wire.bind({ contacts: contacts.toReversed(), cseq: 2 });
    assert.deepEqual(wire.changes(), { added: 2, refreshed: 2 });
  });

  describe('of one device, at a registrar that keeps its contacts apart', () => {
    const at = (port: number, sec: number): string =>
      `<sip:24001@10.0.13.244:${port}>;+sip.instance="<urn:x:1>";expires=${sec}`;
    const bind = (wire: Wire, port: number, besides: readonly string[]): unknown => {
      const contacts = [at(port, 60)];
      const listed = { contacts: [...besides, ...contacts] };
      return wire.wait(10).bind({ contacts, callId: `of ${port}` }, listed, `10.0.13.244:${port}`);
    };

    it('it goes on from the one that it registered last, not from one that a list still has', () => {
      const wire = new Wire().warm();
      bind(wire, 4000, []);
      bind(wire, 4001, [at(4000, 50)]);
      assert.deepEqual(wire.changes(), { added: 1, restarted: 1, learned: 1 });
      bind(wire, 4002, []);
      assert.deepEqual(wire.changes(), { added: 1, restarted: 2, learned: 1, removed: 1 });
    });

    it('what is listed beside the one that it registers is known by its address', () => {
      const wire = new Wire().warm();
      bind(wire, 4000, []);
      bind(wire, 4001, [at(4000, 50)]);
      bind(wire, 4002, [at(4001, 50)]);
      assert.deepEqual(wire.changes(), { added: 1, restarted: 2, learned: 2, removed: 1 });
      assert.deepEqual(wire.contacts().sort(), ['sip:24001@10.0.13.244:4001', 'sip:24001@10.0.13.244:4002']);
    });
  });

  it('an address that another device had: the device counts, not the address', () => {
    const wire = new Wire().warm();
    const x = '+sip.instance="<urn:x:1>"';
    const y = '+sip.instance="<urn:x:2>"';
    wire.bind({ contacts: [`${A};${x};expires=60`] });
    wire.bind(
      { contacts: [`${B};${y};expires=60`], callId: 'y' },
      { contacts: [`${A};${x};expires=60, ${B};${y};expires=60`] },
      PHONE_B,
    );
    wire.bind(
      { contacts: [`${B};${x};expires=60`], cseq: 2 },
      { contacts: [`${B};${x};expires=60, ${B};${y};expires=60`] },
      PHONE_B,
    );
    assert.deepEqual(wire.changes(), { added: 2, moved: 1 });
    assert.equal(wire.gauges().bindings, 2);
  });

  it('a Contact in a scheme of its own is a binding too', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: ['<mailto:karen@iptlab.com>;expires=60'] });
    wire.bind({ contacts: ['<mailto:karen@iptlab.com>;expires=60'], cseq: 2 });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
  });

  it('contacts beyond the limit of a message are not read, and prove nothing', () => {
    const wire = bound();
    const many = Array.from({ length: 40 }, (_, i) => `<sip:24001@10.0.14.${i}>;expires=60`);
    wire.bind({ contacts: [many.join(', ')], cseq: 11 });
    assert.equal(wire.gauges().bindings, 33);
    assert.equal(wire.changes().removed, undefined);
  });
});

describe('answers out of order', () => {
  it('an older answer of the same phone does not undo a newer one', () => {
    const wire = new Wire().warm();
    const older = wire.send({ contacts: [`${A};expires=60`], cseq: 1 });
    const newer = wire.send({ contacts: [`${A};expires=600`], cseq: 2 });
    wire.wait(0.01).answer(newer, 200, { contacts: [`${A};expires=600`] });
    wire.wait(0.01).answer(older, 200, { contacts: [`${A};expires=60`] });
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.grantedExpiresSec, 600);
    assert.deepEqual(wire.changes(), { added: 1 });
  });
});

describe('what we cannot know', () => {
  it('learned: own contacts while warming up', () => {
    const wire = new Wire();
    wire.bind({ contacts: [`${A};expires=360`] });
    assert.equal(wire.monitor.warmingUp, true);
    assert.deepEqual(wire.changes(), { learned: 1 });
    wire.wait(359);
    assert.equal(wire.monitor.warmingUp, true);
    wire.wait(1);
    assert.equal(wire.monitor.warmingUp, false);
    assert.deepEqual(wire.notices(), ['warming_up_over']);
    wire.bind({ aor: '24002@iptlab.com', contacts: [`${A};expires=360`] });
    assert.deepEqual(wire.changes(), { learned: 1, added: 1 });
  });

  it('learned: while warming up also what a list has left out', () => {
    const wire = new Wire();
    wire.bind({ contacts: [`${A};expires=360`] });
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    const both = [`${A};expires=360`, `${B};expires=360`];
    wire.wait(1).bind({ contacts: [`${A};expires=360`], callId: 'rebooted' }, { contacts: both });
    assert.deepEqual(wire.changes(), { learned: 3, removed: 1 });
  });

  it('warming up lasts an hour at most, and an hour where nothing was granted', () => {
    const wire = new Wire();
    wire.wait(3599);
    assert.equal(wire.monitor.warmingUp, true);
    wire.wait(1);
    assert.equal(wire.monitor.warmingUp, false);
    const long = new Wire();
    long.bind({ contacts: [`${A};expires=86400`] });
    long.wait(3600);
    assert.equal(long.monitor.warmingUp, false);
  });

  it('learned: within one grant of a loss in the tap', () => {
    const wire = bound();
    wire.monitor.noteTapLoss(3, wire.nowMs);
    wire.wait(100).bind({ aor: '24002@iptlab.com', contacts: [`${A};expires=360`] });
    wire.wait(300).bind({ aor: '24003@iptlab.com', contacts: [`${A};expires=360`] });
    assert.deepEqual(wire.changes(), { added: 2, learned: 1 });
    assert.ok(wire.notices().includes('tap_loss'));
  });

  it('expired: where records were lost since it was confirmed, only after another grant without a refresh', () => {
    const wire = bound();
    wire.wait(200).monitor.noteTapLoss(3, wire.nowMs);
    wire.wait(529);
    assert.deepEqual(wire.changes(), { added: 1 });
    assert.deepEqual(wire.gauges(), { bindings: 1, aors: 1 });
    wire.wait(1);
    assert.deepEqual(wire.changes(), { added: 1, expired: 1 });
    assert.deepEqual(wire.gauges(), { bindings: 0, aors: 0 });
  });

  it('expired: a phone that comes back meanwhile was never away, and how early it came nobody knows', () => {
    const wire = bound();
    wire.wait(200).monitor.noteTapLoss(3, wire.nowMs);
    wire.wait(400).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
    assert.equal(wire.monitor.counts.refreshRatio.count, 0);
    wire.wait(370);
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1, expired: 1 });
  });

  it('expired: what a list says of its end counts, and no excuse on top of it', () => {
    const wire = bound();
    wire.wait(200).monitor.noteTapLoss(3, wire.nowMs);
    wire.wait(200);
    const contacts = [`${A};expires=100`, `${B};expires=360`];
    wire.bind({ contacts: [`${B};expires=360`], callId: 'b' }, { contacts }, PHONE_B);
    wire.wait(109);
    assert.equal(wire.changes().expired, undefined);
    wire.wait(1);
    assert.equal(wire.changes().expired, 1);
  });

  it('expired: losses that go on excuse nobody twice', () => {
    const wire = bound();
    for (let lost = 0; lost < 72; lost++) wire.wait(10).monitor.noteTapLoss(1, wire.nowMs);
    assert.deepEqual(wire.changes(), { added: 1 });
    wire.wait(10);
    assert.deepEqual(wire.changes(), { added: 1, expired: 1 });
  });

  it('expired: a loss before it was confirmed excuses nothing, nor does one excuse what is long over', () => {
    const wire = bound();
    wire.wait(10).monitor.noteTapLoss(1, wire.nowMs);
    wire.wait(10).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    wire.wait(370);
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1, expired: 1 });
    wire.wait(10).bind({ contacts: [`${A};expires=360`], cseq: 12 });
    wire.wait(10).monitor.noteTapLoss(1, wire.nowMs);
    wire.wait(730);
    assert.equal(wire.changes().expired, 2);
  });

  it('after a loss an unanswered transaction is unclassified, an unanswered challenge is not abandoned', () => {
    const wire = bound();
    wire.send({ contacts: [A], cseq: 11 });
    wire.answer(wire.send({ contacts: [A], cseq: 12 }), 401, { nonces: ['n'] });
    wire.monitor.noteTapLoss(1, wire.nowMs);
    wire.wait(40);
    assert.deepEqual(wire.results(), { ok: 1, challenged: 1, unclassified: 1 });
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
  });

  it('a loss told by an earlier time than what was observed covers that, too', () => {
    const wire = bound();
    wire.send({ contacts: [A], cseq: 11 });
    wire.monitor.noteTapLoss(1, wire.nowMs - 10);
    wire.wait(40);
    assert.deepEqual(wire.results(), { ok: 1, unclassified: 1 });
  });

  it('learned: behind a loss that lasted longer than a grant', () => {
    const wire = bound();
    wire.nowMs += 600_000;
    wire.monitor.noteTapLoss(1, wire.nowMs);
    wire.bind({ aor: '24002@iptlab.com', contacts: [`${A};expires=360`] });
    assert.equal(wire.changes().learned, 1);
  });

  it('a loss that lasts longer than anybody waits excuses the same', () => {
    const wire = bound();
    wire.send({ contacts: [A], cseq: 11 });
    wire.answer(wire.send({ contacts: [A], cseq: 12 }), 401, { nonces: ['n'] });
    wire.nowMs += 60_000;
    wire.monitor.noteTapLoss(1, wire.nowMs);
    wire.bind({ contacts: [`${A};expires=360`], cseq: 13 });
    wire.wait(40);
    assert.deepEqual(wire.results(), { ok: 2, challenged: 1, unclassified: 1 });
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
  });

  it('an answer without its request feeds the ledger, and takes nobody for new', () => {
    const wire = bound();
    const unseen = new Wire().send({ contacts: [`${B};expires=360`], branch: 'z9hG4bKunseen' });
    wire.answer(unseen, 200, { contacts: [`${A};expires=300, ${B};expires=360`] });
    wire.wait(1);
    assert.deepEqual(wire.changes(), { added: 1, learned: 1 });
  });
});

describe('profiles of real registrars', () => {
  it('Kamailio: one Contact line with a list, `received` parameters', () => {
    const wire = new Wire().warm();
    const list = (a: number, b: number) => ({
      contacts: [
        `<sip:24001@10.0.13.244>;expires=${a};received="sip:10.0.1.7:5060", <sip:24001@10.0.13.77:5062>;expires=${b};received="sip:10.0.1.7:5060"`,
      ],
    });
    wire.bind(
      { contacts: [A], expires: 600 },
      { contacts: [`${A};expires=600;received="sip:10.0.1.7:5060"`] },
    );
    wire.wait(100).bind({ contacts: [B], expires: 600, callId: 'b' }, list(500, 600), PHONE_B);
    wire.wait(200).bind({ contacts: [A], expires: 600, cseq: 2 }, list(600, 400));
    wire.answer(wire.send({ contacts: [`${B};expires=0`], callId: 'b', cseq: 2 }), 200, {
      contacts: ['<sip:24001@10.0.13.244>;expires=600;received="sip:10.0.1.7:5060"'],
    });
    assert.deepEqual(wire.changes(), { added: 2, refreshed: 1, removed: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });

  it('chan_pjsip: several Contact lines, remaining time cut, one second less than asked', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [A], expires: 600 }, { contacts: [`${A};expires=599`], expires: 600 });
    const list = { contacts: [`${A};expires=498`, `${B};expires=599`], expires: 600 };
    wire.wait(100.6).bind({ contacts: [B], expires: 600, callId: 'b' }, list, PHONE_B);
    wire
      .wait(10)
      .bind(
        { contacts: [A], expires: 600, cseq: 2 },
        { contacts: [`${A};expires=599`, `${B};expires=589`], expires: 600 },
      );
    assert.deepEqual(wire.changes(), { added: 2, refreshed: 1 });
    const bindings = wire.monitor.bindingsOf(AOR);
    assert.deepEqual(
      bindings.map((binding) => binding.grantedExpiresSec),
      [599, 599],
    );
  });

  it('chan_sip: one contact listed, the last phone takes the extension over', () => {
    const wire = new Wire({ registrarLists: 'all' }).warm();
    wire.bind({ contacts: [`${A};expires=60`] }, { contacts: [`${A};expires=60`], expires: 60 });
    wire.wait(1).bind({ contacts: [`${B};expires=60`], callId: 'b' }, { expires: 60 }, PHONE_B);
    wire.wait(1).bind({ contacts: [`${A};expires=60`], cseq: 2 }, { expires: 60 });
    assert.deepEqual(wire.changes(), { added: 3, removed: 2 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });

  it('FreeSWITCH: gives removed contacts back, and lists only the own ones', () => {
    const wire = new Wire({ registrarLists: 'own' }).warm();
    wire.bind({ contacts: [`${A};expires=60`] });
    wire.bind({ contacts: [`${B};expires=60`], callId: 'b' }, {}, PHONE_B);
    wire.answer(wire.send({ contacts: [`${A};expires=0`], cseq: 2 }), 200, { contacts: [`${A};expires=0`] });
    wire.answer(wire.send({ contacts: [B], expires: 0, callId: 'b', cseq: 2 }), 200, { contacts: [B] });
    assert.deepEqual(wire.changes(), { added: 2, removed: 2 });
    wire.bind({ contacts: [`${A};expires=60`], cseq: 3 });
    wire.answer(wire.send({ contacts: ['*'], expires: 0, cseq: 4 }), 200, { contacts: [`${A};expires=60`] });
    assert.deepEqual(wire.changes(), { added: 3, removed: 3 });
  });

  it('Avaya SES: bare display names, tags and dates of its own', () => {
    const wire = new Wire().warm();
    const contact = 'Karen Filippelli 24001 <sip:24001@10.0.13.244>;expires=360';
    wire.bind({ contacts: [contact] });
    wire.wait(180).bind({ contacts: [contact], cseq: 2 });
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
  });

  it('a registrar that puts its own idea of the address into the Contact it grants', () => {
    const wire = new Wire().warm();
    wire.bind(
      { contacts: [`${A};expires=60`] },
      { contacts: ['<sip:24001@203.0.113.7:41234;fs_nat=yes>;expires=50'] },
    );
    wire
      .wait(30)
      .bind(
        { contacts: [`${A};expires=60`], cseq: 2 },
        { contacts: ['<sip:24001@203.0.113.7:41234;fs_nat=yes>;expires=50'] },
      );
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });
});

describe('notices', () => {
  it('third_party: From and To name different users; once in a while', () => {
    const wire = new Wire();
    wire.send({ from: 'secretary@iptlab.com' });
    wire.send({ from: 'secretary@iptlab.com' });
    wire.send({ from: '%324001@IPTLAB.com' });
    assert.deepEqual(wire.notices(), ['third_party']);
  });

  it('cseq_regress: the same Call-ID with a lower number in a new transaction', () => {
    const wire = bound();
    wire.send({ contacts: [A], cseq: 10 });
    assert.deepEqual(wire.notices().includes('cseq_regress'), true);
  });

  it('invalid_contact: a Contact header without a value in it', () => {
    const wire = new Wire();
    wire.send({ contacts: ['<sip:24001@10.0.13.244'] });
    assert.deepEqual(wire.notices(), ['invalid_contact']);
  });
});
