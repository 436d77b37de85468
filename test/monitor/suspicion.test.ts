import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SuspicionEvent } from '../../src/monitor/events.ts';
import type { Pattern } from '../../src/monitor/lists.ts';
import { PATTERNS } from '../../src/monitor/lists.ts';
import { AOR, PHONE, Wire } from './support/wire.ts';

const A = '<sip:24001@10.0.13.244>;expires=360';
const ATTACKER = '10.66.6.6:5060';

/** One guess of a password: a challenge, and credentials that are turned down. */
function guess(wire: Wire, aor = AOR, phone = ATTACKER): void {
  const nonce = `n${wire.nowMs}-${aor}-${phone}`;
  wire.answer(wire.send({ aor, contacts: [A], callId: nonce }, phone), 401, { nonces: [nonce] }, phone);
  const credentials = wire.send({ aor, contacts: [A], callId: nonce, cseq: 2, nonce }, phone);
  wire.answer(credentials, 401, { nonces: [`x${nonce}`] }, phone);
}

function now(wire: Wire): Partial<Record<Pattern, number>> {
  const out: Partial<Record<Pattern, number>> = {};
  for (const pattern of PATTERNS) {
    const count = wire.monitor.suspiciousNow(pattern);
    if (count > 0) out[pattern] = count;
  }
  return out;
}

function told(wire: Wire): [string, string, string][] {
  const events = wire.told('suspicion') as SuspicionEvent[];
  return events.map(({ pattern, aor, source }) => [pattern, aor, source]);
}

function eventsOf(wire: Wire, pattern: Pattern): number {
  return wire.monitor.counts.suspiciousEvents[PATTERNS.indexOf(pattern)]!;
}

describe('brute force: ten failures on one AOR in five minutes', () => {
  it('is told once while it goes on, and is over when it stops', () => {
    const wire = new Wire();
    for (let i = 0; i < 9; i++) guess(wire.wait(10));
    assert.deepEqual(now(wire), {});
    for (let i = 0; i < 20; i++) guess(wire.wait(10));
    assert.deepEqual(now(wire), { brute_force: 1 });
    assert.deepEqual(told(wire), [['brute_force', AOR, '10.66.6.6']]);
    wire.wait(300);
    assert.deepEqual(now(wire), {});
    for (let i = 0; i < 10; i++) guess(wire.wait(1));
    assert.equal(eventsOf(wire, 'brute_force'), 2);
  });

  it('is not a phone with a wrong password that tries every minute', () => {
    const wire = new Wire();
    for (let i = 0; i < 60; i++) guess(wire.wait(60), AOR, PHONE);
    assert.deepEqual(now(wire), {});
    assert.deepEqual(told(wire), []);
  });

  it('is a nonce reused again and again', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [A] }, ATTACKER), 401, { nonces: ['n'] }, ATTACKER);
    for (let i = 0; i < 15; i++) {
      wire.answer(wire.wait(5).send({ contacts: [A], nonce: 'n', cseq: 2 }, ATTACKER), 401, {}, ATTACKER);
    }
    assert.deepEqual(now(wire), { brute_force: 1 });
  });

  it('is 403 to credentials too', () => {
    const wire = new Wire();
    for (let i = 0; i < 10; i++) {
      const nonce = `n${i}`;
      wire.answer(wire.send({ contacts: [A] }, ATTACKER), 401, { nonces: [nonce] }, ATTACKER);
      wire.answer(wire.send({ contacts: [A], nonce, cseq: 2 }, ATTACKER), 403, {}, ATTACKER);
    }
    assert.deepEqual(now(wire), { brute_force: 1 });
  });

  it('says whether the source is proven', () => {
    const wire = new Wire();
    for (let i = 0; i < 10; i++) guess(wire);
    assert.equal((wire.told('suspicion')[0] as SuspicionEvent).sourceProven, true);
  });
});

describe('spray: one source, five AORs, 25 failures', () => {
  it('is told of the source', () => {
    const wire = new Wire();
    for (let i = 0; i < 25; i++) guess(wire.wait(2), `${24000 + (i % 5)}@iptlab.com`);
    assert.deepEqual(now(wire), { spray: 1 });
    assert.deepEqual(told(wire), [['spray', '', '10.66.6.6']]);
  });

  it('is not 25 failures on four AORs', () => {
    const wire = new Wire();
    for (let i = 0; i < 36; i++) guess(wire.wait(6), `${24000 + (i % 4)}@iptlab.com`);
    assert.equal(eventsOf(wire, 'spray'), 0);
  });
});

describe('distributed: one AOR, more than five sources', () => {
  it('is told of the AOR', () => {
    const wire = new Wire();
    for (let i = 0; i < 5; i++) guess(wire, AOR, `10.66.0.${i}:5060`);
    assert.deepEqual(now(wire), {});
    guess(wire, AOR, '10.66.0.5:5060');
    assert.deepEqual(told(wire), [['distributed', AOR, '']]);
  });
});

describe('enumeration: one source gets nowhere with more than twenty AORs', () => {
  it('where unknown users are told apart', () => {
    const wire = new Wire();
    for (let i = 0; i < 21; i++) {
      wire.answer(wire.send({ aor: `${100 + i}@iptlab.com` }, ATTACKER), 404, {}, ATTACKER);
    }
    assert.deepEqual(told(wire), [['enumeration', '', '10.66.6.6']]);
  });

  it('where every user is challenged: the challenges stay unanswered', () => {
    const wire = new Wire();
    for (let i = 0; i < 30; i++) {
      const probe = wire.send({ aor: `${100 + i}@iptlab.com` }, ATTACKER);
      wire.answer(probe, 401, { nonces: [`n${i}`] }, ATTACKER);
    }
    assert.deepEqual(now(wire), {});
    wire.wait(33);
    assert.deepEqual(now(wire), { enumeration: 1 });
  });

  it('is not a source that gets somewhere after all', () => {
    const wire = new Wire();
    const challenge = (i: number): void => {
      const probe = wire.send({ aor: `${100 + i}@iptlab.com` }, ATTACKER);
      wire.answer(probe, 401, { nonces: [`n${i}`] }, ATTACKER);
    };
    for (let i = 0; i < 20; i++) challenge(i);
    wire.wait(33);
    for (let i = 0; i < 5; i++) wire.bind({ aor: `${100 + i}@iptlab.com`, callId: `${i}` }, {}, ATTACKER);
    for (let i = 20; i < 25; i++) challenge(i);
    wire.wait(33);
    assert.deepEqual(now(wire), {});
    challenge(25);
    wire.wait(33);
    assert.deepEqual(now(wire), { enumeration: 1 });
  });

  it('is not an office behind one address', () => {
    const wire = new Wire();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 60; i++) {
        const aor = `${100 + i}@iptlab.com`;
        const nonce = `n${round}-${i}`;
        wire.answer(wire.send({ aor, contacts: [A] }), 401, { nonces: [nonce] });
        wire.bind({ aor, nonce, cseq: 2 });
      }
      wire.wait(60);
    }
    assert.deepEqual(now(wire), {});
    assert.deepEqual(told(wire), []);
  });
});

describe('scanner: by its own word', () => {
  for (const userAgent of [
    'friendly-scanner',
    'SIPVicious 0.3.4',
    'VaxSIPUserAgent/3.1',
    'pplsip',
    'sipcli/v1.8',
  ]) {
    it(userAgent, () => {
      const wire = new Wire();
      wire.send({ userAgent }, ATTACKER);
      wire.send({ userAgent }, ATTACKER);
      assert.deepEqual(told(wire), [['scanner', '', '10.66.6.6']]);
      wire.wait(600);
      assert.deepEqual(now(wire), {});
    });
  }
});

describe('tight loop: more than thirty REGISTERs of one phone in a minute', () => {
  it('is found within two minutes, and nobody else is', () => {
    const wire = new Wire();
    for (let second = 0; second < 150; second++) {
      wire.wait(1).bind({ cseq: second });
      if (second % 30 === 0) wire.bind({ aor: '24002@iptlab.com', cseq: second });
    }
    assert.deepEqual(told(wire), [['tight_loop', AOR, '10.0.13.244']]);
    wire.wait(130);
    assert.deepEqual(now(wire), {});
  });

  it('is told with the thirty-first where they all say the same', () => {
    const wire = new Wire();
    // The first one makes the binding.
    for (let cseq = 0; cseq < 31; cseq++) wire.bind({ cseq });
    assert.deepEqual(told(wire), []);
    wire.bind({ cseq: 31 });
    assert.deepEqual(told(wire), [['tight_loop', AOR, '10.0.13.244']]);
  });

  it('is found where every other one says something else', () => {
    const wire = new Wire();
    for (let second = 0; second < 150; second++) {
      wire.wait(3);
      wire.bind({ cseq: 2 * second });
      wire.answer(wire.send({ cseq: 2 * second + 1, userAgent: `Phone ${second}` }), 500);
    }
    assert.deepEqual(told(wire), [['tight_loop', AOR, '10.0.13.244']]);
  });

  it('is not thirty a minute', () => {
    const wire = new Wire();
    for (let half = 0; half < 150; half++) wire.wait(2).bind({ cseq: half });
    assert.deepEqual(told(wire), []);
  });
});

describe('what goes on is told once, and each of those who do it', () => {
  it('spray', () => {
    const wire = new Wire();
    for (const phone of [ATTACKER, '10.66.6.7:5060']) {
      for (let i = 0; i < 40; i++) guess(wire.wait(2), `${24000 + (i % 20)}@iptlab.com`, phone);
    }
    assert.deepEqual(told(wire), [
      ['spray', '', '10.66.6.6'],
      ['spray', '', '10.66.6.7'],
    ]);
    assert.equal(eventsOf(wire, 'spray'), 2);
  });

  it('distributed', () => {
    const wire = new Wire();
    for (const aor of [AOR, '24002@iptlab.com']) {
      for (let i = 0; i < 9; i++) guess(wire, aor, `10.66.0.${i}:5060`);
    }
    assert.deepEqual(told(wire), [
      ['distributed', AOR, ''],
      ['distributed', '24002@iptlab.com', ''],
    ]);
  });

  it('enumeration', () => {
    const wire = new Wire();
    for (const phone of [ATTACKER, '10.66.6.7:5060']) {
      for (let i = 0; i < 40; i++) {
        wire.answer(wire.send({ aor: `${100 + i}@iptlab.com` }, phone), 404, {}, phone);
      }
    }
    assert.deepEqual(told(wire), [
      ['enumeration', '', '10.66.6.6'],
      ['enumeration', '', '10.66.6.7'],
    ]);
  });

  it('tight loop: each AOR at each address', () => {
    const wire = new Wire();
    for (let second = 0; second < 300; second++) {
      wire.wait(1);
      for (const aor of [AOR, '24002@iptlab.com']) {
        for (const phone of [PHONE, ATTACKER])
          wire.bind({ aor, cseq: second, callId: `${aor}${phone}` }, {}, phone);
      }
    }
    const loops = told(wire).filter(([pattern]) => pattern === 'tight_loop');
    assert.deepEqual(loops.sort(), [
      ['tight_loop', AOR, '10.0.13.244'],
      ['tight_loop', AOR, '10.66.6.6'],
      ['tight_loop', '24002@iptlab.com', '10.0.13.244'],
      ['tight_loop', '24002@iptlab.com', '10.66.6.6'],
    ]);
  });
});

describe('compromise suspected: failures, then a success from a source that never had this AOR', () => {
  function crack(wire: Wire, failures: number, phone = ATTACKER): void {
    for (let i = 0; i < failures; i++) guess(wire.wait(40), AOR, phone);
    wire.bind({ contacts: ['<sip:24001@10.66.6.6>;expires=360'], callId: 'cracked' }, {}, phone);
  }

  it('is', () => {
    const wire = new Wire();
    wire.bind();
    crack(wire, 5);
    assert.equal(wire.monitor.counts.compromiseSuspected, 1);
    assert.deepEqual(told(wire), [['compromise', AOR, '10.66.6.6']]);
  });

  it('is not, after four failures', () => {
    const wire = new Wire();
    crack(wire, 4);
    assert.equal(wire.monitor.counts.compromiseSuspected, 0);
  });

  it('is not the phone itself, whose password was changed and put right', () => {
    const wire = new Wire();
    wire.bind({ contacts: [A] });
    crack(wire, 20, PHONE);
    assert.equal(wire.gauges().bindings > 0, true);
    assert.equal(wire.monitor.counts.compromiseSuspected, 0);
  });

  it('is not, where an hour lies between failures', () => {
    const wire = new Wire();
    for (let i = 0; i < 3; i++) guess(wire.wait(40));
    wire.wait(3700);
    crack(wire, 4);
    assert.equal(wire.monitor.counts.compromiseSuspected, 0);
  });

  it('is, where the phone that was there once has been gone for more than an hour', () => {
    const wire = new Wire();
    wire.bind({ contacts: ['<sip:24001@10.66.6.6>;expires=60'] }, {}, ATTACKER);
    guess(wire.wait(30));
    wire.wait(3700);
    crack(wire, 5);
    assert.equal(wire.monitor.counts.compromiseSuspected, 1);
  });

  it('counts a run of failures once', () => {
    const wire = new Wire();
    crack(wire, 6);
    wire.bind({ contacts: [A], cseq: 9 }, {}, ATTACKER);
    assert.equal(wire.monitor.counts.compromiseSuspected, 1);
  });
});

describe('a success takes back what was against its AOR, at its address', () => {
  function nowhere(wire: Wire, aor: string, phone = PHONE): void {
    wire.answer(wire.send({ aor, callId: 'other' }, phone), 404, {}, phone);
  }

  const ELSEWHERE = '10.0.13.245:5060';
  const phones = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      aor: `${200 + i}@iptlab.com`,
      callId: `call-${i}`,
      contacts: [A],
    }));

  it('each time, in the same words too', () => {
    const wire = new Wire();
    for (const fields of phones(15)) {
      const refresh = (cseq: number) => wire.wait(1).bind({ ...fields, cseq });
      refresh(1);
      nowhere(wire, fields.aor);
      refresh(2);
      refresh(3);
      nowhere(wire, fields.aor);
      nowhere(wire, fields.aor);
      refresh(4);
    }
    for (let i = 0; i < 20; i++) nowhere(wire, `${100 + i}@iptlab.com`);
    assert.deepEqual(told(wire), []);
    nowhere(wire, '120@iptlab.com');
    assert.deepEqual(told(wire), [['enumeration', '', '10.0.13.244']]);
  });

  it('and at no other', () => {
    const wire = new Wire();
    for (const fields of phones(21)) {
      wire.bind({ ...fields, cseq: 1 });
      nowhere(wire, fields.aor, ATTACKER);
      for (let cseq = 2; cseq < 5; cseq++) wire.bind({ ...fields, cseq });
    }
    assert.deepEqual(told(wire), [['enumeration', '', '10.66.6.6']]);
  });

  it('a phone that moves is cleared where it is then', () => {
    const wire = new Wire();
    for (const fields of phones(21)) {
      wire.bind({ ...fields, cseq: 1 });
      nowhere(wire, fields.aor, ELSEWHERE);
      wire.bind({ ...fields, cseq: 2 });
      wire.bind({ ...fields, cseq: 3 }, {}, ELSEWHERE);
    }
    assert.deepEqual(told(wire), []);
  });

  it('an answer that comes when the phone is elsewhere already clears the address that it goes to', () => {
    const wire = new Wire();
    for (const fields of phones(21)) {
      wire.bind({ ...fields, cseq: 1 });
      const slow = wire.wait(0.1).send({ ...fields, cseq: 2 });
      wire.wait(0.1).bind({ ...fields, cseq: 3 }, {}, ELSEWHERE);
      nowhere(wire, fields.aor);
      nowhere(wire, fields.aor, ELSEWHERE);
      wire.wait(0.1).answer(slow, 200, { contacts: [A] });
      wire.wait(0.1).bind({ ...fields, cseq: 4 }, {}, ELSEWHERE);
    }
    assert.deepEqual(told(wire), []);
  });

  it('an answer that comes when nobody waits for it any more clears nothing, the next one does', () => {
    const wire = new Wire();
    const late = phones(20).map((fields) => {
      wire.bind({ ...fields, cseq: 1 });
      nowhere(wire, fields.aor, ELSEWHERE);
      wire.bind({ ...fields, cseq: 2 });
      return { fields, request: wire.send({ ...fields, cseq: 3 }, ELSEWHERE) };
    });
    wire.wait(33);
    for (const { fields, request } of late) {
      wire.answer(request, 200, { contacts: [A] }, ELSEWHERE);
      wire.bind({ ...fields, cseq: 4 }, {}, ELSEWHERE);
    }
    for (let i = 0; i < 20; i++) nowhere(wire, `${100 + i}@iptlab.com`, ELSEWHERE);
    assert.deepEqual(told(wire), []);
  });
});

describe('bounds', () => {
  it('sources beyond the limit push the oldest out, counted', () => {
    const wire = new Wire({ maxSources: 5 });
    for (let i = 0; i < 8; i++) guess(wire, `${i}@iptlab.com`, `10.66.0.${i}:5060`);
    assert.equal(wire.evictions().sources, 6);
  });
});
