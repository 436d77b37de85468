/** RFC 3261 §18.2.1 and RFC 3581 §4: what we write into the sender's Via, and where replies to it therefore go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Routes } from '../../src/proxy/routes.ts';
import { request, responseTo, values } from './support/messages.ts';
import { pass, routesOf } from './support/passing.ts';

const HEAD = 'SIP/2.0/UDP ';
const BRANCH = ';branch=z9hG4bKa';

const rfc = routesOf({ rport: 'rfc' });
const auto = routesOf({ rport: 'auto' });
const force = routesOf({ rport: 'force' });

/** The sender's Via as it leaves us. */
function stamped(via: string, source: string, routes: Routes): string {
  const verdict = pass(request({ vias: [HEAD + via] }), source, routes);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  const [own, phone] = values(verdict.sent, 'Via');
  assert.match(own!, /^SIP\/2\.0\/UDP 10\.0\.1\.7:5060;/);
  assert.ok(phone!.startsWith(HEAD));
  return phone!.slice(HEAD.length);
}

/** Where the registrar's response to that request goes, and where our own answer to a broken one does. */
function replyTargets(via: string, source: string, routes: Routes): [forwarded: string, own: string] {
  const sent = pass(request({ vias: [HEAD + via] }), source, routes).sent;
  const forwarded = pass(responseTo(sent, '200 OK'), '10.0.1.8:5060', routes);
  assert.equal(forwarded.outcome, 'forwarded', forwarded.reason);
  const own = pass(request({ vias: [HEAD + via], hops: 0 }), source, routes);
  assert.equal(own.outcome, 'answered', own.reason);
  return [forwarded.target, own.target];
}

interface Row {
  readonly about: string;
  readonly sentBy: string;
  /** Parameters as the sender wrote them. */
  readonly params: string;
  readonly source: string;
  /** What is behind the sent-by afterwards, and the port that replies go to: per `--rport`. */
  readonly rfc: readonly [params: string, port: number];
  readonly auto: readonly [params: string, port: number];
  readonly force: readonly [params: string, port: number];
}

const LAN = '10.0.9.9:5060';
const LAN_EPHEMERAL = '10.0.9.9:49170';
const NAT = '203.0.113.7:41234';

function same(params: string, port: number): Pick<Row, 'rfc' | 'auto' | 'force'> {
  return { rfc: [params, port], auto: [params, port], force: [params, port] };
}

const ROWS: readonly Row[] = [
  {
    about: 'a phone on the LAN, no rport',
    sentBy: '10.0.9.9:5060',
    params: BRANCH,
    source: LAN,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9`, 5060],
    force: [`${BRANCH};received=10.0.9.9;rport=5060`, 5060],
  },
  {
    about: 'a phone that sends from one port and listens on another (Cisco 79xx)',
    sentBy: '10.0.9.9',
    params: BRANCH,
    source: LAN_EPHEMERAL,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9`, 5060],
    force: [`${BRANCH};received=10.0.9.9;rport=49170`, 49170],
  },
  {
    about: 'the same with its own port in the sent-by',
    sentBy: '10.0.9.9:5062',
    params: BRANCH,
    source: LAN_EPHEMERAL,
    rfc: [`${BRANCH};received=10.0.9.9`, 5062],
    auto: [`${BRANCH};received=10.0.9.9`, 5062],
    force: [`${BRANCH};received=10.0.9.9;rport=49170`, 49170],
  },
  {
    about: 'a phone behind a NAT that does not ask for rport',
    sentBy: '192.168.1.50:5060',
    params: BRANCH,
    source: NAT,
    rfc: [`${BRANCH};received=203.0.113.7`, 5060],
    auto: [`${BRANCH};received=203.0.113.7;rport=41234`, 41234],
    force: [`${BRANCH};received=203.0.113.7;rport=41234`, 41234],
  },
  {
    about: 'a phone that gives its name',
    sentBy: 'phone.example.com',
    params: BRANCH,
    source: LAN_EPHEMERAL,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9;rport=49170`, 49170],
    force: [`${BRANCH};received=10.0.9.9;rport=49170`, 49170],
  },
  {
    about: 'rport asked for',
    sentBy: '10.0.9.9:5060',
    params: `;rport${BRANCH}`,
    source: LAN_EPHEMERAL,
    ...same(`;rport=49170${BRANCH};received=10.0.9.9`, 49170),
  },
  {
    about: 'rport asked for last of all parameters',
    sentBy: '192.168.1.50',
    params: `${BRANCH};rport`,
    source: NAT,
    ...same(`${BRANCH};rport=41234;received=203.0.113.7`, 41234),
  },
  {
    about: 'rport with an equals sign and nothing behind it',
    sentBy: '10.0.9.9',
    params: `;rport=${BRANCH}`,
    source: LAN,
    ...same(`;rport=5060${BRANCH};received=10.0.9.9`, 5060),
  },
  {
    about: 'rport prefilled, which steers nothing',
    sentBy: '10.0.9.9',
    params: `${BRANCH};rport=5060`,
    source: LAN_EPHEMERAL,
    ...same(`${BRANCH};rport=49170;received=10.0.9.9`, 49170),
  },
  {
    about: 'rport prefilled with nonsense',
    sentBy: '10.0.9.9',
    params: `;rport=x99999${BRANCH}`,
    source: LAN,
    ...same(`;rport=5060${BRANCH};received=10.0.9.9`, 5060),
  },
  {
    about: 'rport in capitals and between blanks',
    sentBy: '10.0.9.9',
    params: ` ; RPORT = 9 ${BRANCH}`,
    source: LAN,
    ...same(` ; RPORT=5060 ${BRANCH};received=10.0.9.9`, 5060),
  },
  {
    about: 'rport twice: one is left',
    sentBy: '10.0.9.9',
    params: `;rport=1;rport=2${BRANCH}`,
    source: LAN,
    ...same(`;rport=5060${BRANCH};received=10.0.9.9`, 5060),
  },
  {
    about: 'received of the sender’s own making',
    sentBy: '10.0.9.9:5060',
    params: `;received=6.6.6.6${BRANCH}`,
    source: LAN,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9`, 5060],
    force: [`${BRANCH};received=10.0.9.9;rport=5060`, 5060],
  },
  {
    about: 'received several times, in capitals, in brackets, without a value',
    sentBy: '10.0.9.9:5060',
    params: `;received=6.6.6.6${BRANCH};RECEIVED=[2001:db8::1];received`,
    source: LAN,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9`, 5060],
    force: [`${BRANCH};received=10.0.9.9;rport=5060`, 5060],
  },
  {
    about: 'received between blanks, which may be folds: those before it go with it',
    sentBy: '10.0.9.9:5060',
    params: `  ;received=6.6.6.6 ${BRANCH}\t ; Received = 6.6.6.6 ;rport`,
    source: LAN,
    ...same(` ${BRANCH} ;rport=5060;received=10.0.9.9`, 5060),
  },
  {
    about: 'both, as in the checklist',
    sentBy: '10.0.13.244',
    params: ';rport=9;received=6.6.6.6',
    source: '10.0.13.244:5060',
    ...same(';rport=5060;received=10.0.13.244', 5060),
  },
  {
    about: 'parameters that only look alike',
    sentBy: '10.0.9.9:5060',
    params: `;received2=6.6.6.6;xrport=9;rport2${BRANCH};x="a;received=6.6.6.6;rport=9"`,
    source: LAN,
    rfc: [
      `;received2=6.6.6.6;xrport=9;rport2${BRANCH};x="a;received=6.6.6.6;rport=9";received=10.0.9.9`,
      5060,
    ],
    auto: [
      `;received2=6.6.6.6;xrport=9;rport2${BRANCH};x="a;received=6.6.6.6;rport=9";received=10.0.9.9`,
      5060,
    ],
    force: [
      `;received2=6.6.6.6;xrport=9;rport2${BRANCH};x="a;received=6.6.6.6;rport=9";received=10.0.9.9;rport=5060`,
      5060,
    ],
  },
  {
    about: 'maddr, ttl and keep (RFC 6223) stay and steer nothing',
    sentBy: '10.0.9.9:5060',
    params: `;maddr=6.6.6.6;ttl=1;keep${BRANCH};rport`,
    source: LAN,
    ...same(`;maddr=6.6.6.6;ttl=1;keep${BRANCH};rport=5060;received=10.0.9.9`, 5060),
  },
  {
    about: 'IPv6, received without brackets',
    sentBy: '[2001:db8::9]:5060',
    params: BRANCH,
    source: '[2001:db8::9]:5070',
    rfc: [`${BRANCH};received=2001:db8::9`, 5060],
    auto: [`${BRANCH};received=2001:db8::9`, 5060],
    force: [`${BRANCH};received=2001:db8::9;rport=5070`, 5070],
  },
  {
    about: 'the same IPv6 address spelled otherwise is the same',
    sentBy: '[2001:0DB8:0::0:9]',
    params: BRANCH,
    source: '[2001:db8::9]:5070',
    rfc: [`${BRANCH};received=2001:db8::9`, 5060],
    auto: [`${BRANCH};received=2001:db8::9`, 5060],
    force: [`${BRANCH};received=2001:db8::9;rport=5070`, 5070],
  },
  {
    about: 'an IPv4 address in its IPv6 form is the same',
    sentBy: '[::ffff:10.0.9.9]:5060',
    params: BRANCH,
    source: LAN_EPHEMERAL,
    rfc: [`${BRANCH};received=10.0.9.9`, 5060],
    auto: [`${BRANCH};received=10.0.9.9`, 5060],
    force: [`${BRANCH};received=10.0.9.9;rport=49170`, 49170],
  },
];

for (const row of ROWS) {
  for (const [mode, routes] of [
    ['rfc', rfc],
    ['auto', auto],
    ['force', force],
  ] as const) {
    test(`--rport ${mode}: ${row.about}`, () => {
      const [params, port] = row[mode];
      const via = row.sentBy + row.params;
      assert.equal(stamped(via, row.source, routes), row.sentBy + params);
      const target = `${row.source.slice(0, row.source.lastIndexOf(':'))}:${port}`;
      assert.deepEqual(replyTargets(via, row.source, routes), [target, target]);
    });
  }
}

test('only the first value of the first Via is stamped', () => {
  const first = `${HEAD}10.0.9.9:5060${BRANCH};rport`;
  const second = `${HEAD}10.0.7.7:5060;branch=z9hG4bKb;rport;received=6.6.6.6`;
  const third = `${HEAD}10.0.6.6:5060;branch=z9hG4bKc;rport=1`;
  const { sent } = pass(request({ vias: [`${first} , ${second}`, third] }), LAN, auto);
  assert.deepEqual(values(sent, 'Via').slice(1), [`${first}=5060;received=10.0.9.9 , ${second}`, third]);
});

test('the stamps of a proxy in front of us come back to it as they were', () => {
  const second = `${HEAD}10.0.7.7:5060;branch=z9hG4bKb;rport=4;received=6.6.6.6`;
  const { sent } = pass(request({ vias: [`${HEAD}10.0.9.9:5060${BRANCH}`, second] }), LAN, auto);
  const back = pass(responseTo(sent, '200 OK'), '10.0.1.8:5060', auto);
  assert.deepEqual(values(back.sent, 'Via'), [`${HEAD}10.0.9.9:5060${BRANCH};received=10.0.9.9`, second]);
});

test('more received than can be taken out: refused, and the refusal carries none of them to a reader', () => {
  const via = `${HEAD}10.0.9.9:5060${BRANCH}${';received=6.6.6.6'.repeat(1100)}`;
  for (const hops of [70, 0]) {
    const verdict = pass(request({ vias: [via], hops }), LAN, auto);
    assert.notEqual(verdict.outcome, 'forwarded');
    assert.doesNotMatch(verdict.sent, /6\.6\.6\.6/);
  }
});
