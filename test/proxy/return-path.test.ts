/** How calls come back: what a REGISTER carries to the PBX in each mode, and what its 2xx carries to the phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContactMode, Routes } from '../../src/proxy/routes.ts';
import type { SigningKey } from '../../src/proxy/signer.ts';
import type { RequestParts } from './support/messages.ts';
import { PBX, PHONE, register, request, responseTo, values } from './support/messages.ts';
import type { Setting, Verdict } from './support/passing.ts';
import { PASSES, pass, routesOf, signer } from './support/passing.ts';
import { afterRotation, rotated, tokenFor, tokenParts } from './support/tokens.ts';

const NAT = '203.0.113.7:41234';
const MODES: readonly ContactMode[] = ['alias', 'path', 'alias+path', 'direct'];

function mode(contactMode: ContactMode, setting: Setting = {}): Routes {
  return routesOf({ contactMode, ...setting });
}

const alias = mode('alias');
const path = mode('path');
const both = mode('alias+path');
const direct = mode('direct');

function sentFor(contact: string, source = PHONE, by = alias, parts: RequestParts = {}): string {
  const verdict = pass(register(contact, parts), source, by);
  assert.deepEqual([verdict.outcome, verdict.tap], ['forwarded', 'register'], verdict.reason);
  return verdict.sent;
}

/** The Contact line as the PBX gets it, our tokens replaced by the flow that they name. */
function contactSent(contact: string, source = PHONE, by = alias): string {
  return named(values(sentFor(contact, source, by), 'Contact').join('|'));
}

function named(text: string): string {
  return text.replace(/;rollcall=([0-9a-v]{29,48})/g, (_, token: string) => {
    const parts = tokenParts(token);
    assert.equal(parts?.purpose, 'alias', token);
    return `;rollcall={${parts!.flow}}`;
  });
}

test('alias: the parameter goes to the end of the URI, within its brackets; all else stays', () => {
  for (const [contact, sent] of [
    ['<sip:100@10.0.9.9>', '<sip:100@10.0.9.9;rollcall={10.0.9.9:5060}>'],
    ['<sip:100@10.0.9.9:5070>;expires=360', '<sip:100@10.0.9.9:5070;rollcall={10.0.9.9:5070}>;expires=360'],
    ['"A, <b>" <sip:100@10.0.9.9;ob>;q=1', '"A, <b>" <sip:100@10.0.9.9;ob;rollcall={10.0.9.9:5060}>;q=1'],
    ['Karen F 24 < sip:10.0.9.9 >;x', 'Karen F 24 < sip:10.0.9.9;rollcall={10.0.9.9:5060} >;x'],
    ['<SIP:100@10.0.9.9;transport=UDP>', '<SIP:100@10.0.9.9;transport=UDP;rollcall={10.0.9.9:5060}>'],
    ['<sip:100;x=y:p@10.0.9.9>', '<sip:100;x=y:p@10.0.9.9;rollcall={10.0.9.9:5060}>'],
  ] as const) {
    assert.equal(contactSent(contact), sent);
  }
});

test('the flow: the Contact’s own host and port where the phone sends from that host', () => {
  assert.equal(
    contactSent('<sip:100@10.0.9.9:5070>', '10.0.9.9:49170'),
    '<sip:100@10.0.9.9:5070;rollcall={10.0.9.9:5070}>',
  );
  assert.equal(
    contactSent('<sip:100@10.0.9.9>', '10.0.9.9:49170'),
    '<sip:100@10.0.9.9;rollcall={10.0.9.9:5060}>',
  );
});

test('the flow: elsewhere a reply would go, behind a NAT', () => {
  assert.equal(contactSent('<sip:100@192.168.1.50>', NAT), `<sip:100@192.168.1.50;rollcall={${NAT}}>`);
  assert.equal(
    contactSent('<sip:100@phone.example.com>', NAT),
    `<sip:100@phone.example.com;rollcall={${NAT}}>`,
  );
  // Its sent-by is its source, so without rport a reply goes to the sent-by's port.
  assert.equal(
    contactSent('<sip:100@phone.example.com>', '10.0.9.9:49170'),
    '<sip:100@phone.example.com;rollcall={10.0.9.9:5060}>',
  );
  assert.equal(
    contactSent('<sip:100@phone.example.com>', '10.0.9.9:49170', mode('alias', { rport: 'force' })),
    '<sip:100@phone.example.com;rollcall={10.0.9.9:49170}>',
  );
});

test('a phone’s new source port changes nothing where it has no NAT', () => {
  const contact = '<sip:100@10.0.9.9:5060>;expires=60';
  const parts = { vias: ['SIP/2.0/UDP 10.0.9.9:5060;rport;branch=z9hG4bKa'] };
  const lineOf = (source: string): string => values(sentFor(contact, source, alias, parts), 'Contact')[0]!;
  assert.equal(lineOf('10.0.9.9:40000'), lineOf('10.0.9.9:40001'));
  assert.notEqual(lineOf('203.0.113.7:40000'), lineOf('203.0.113.7:40001'));
});

test('each Contact gets a token of its own, in one line and in several', () => {
  const contact = '<sip:100@10.0.9.9>;q=1 , "b,c" <sip:100@192.168.1.50>';
  const sent = sentFor(contact, PHONE, alias, { headers: ['m: <sip:101@10.0.9.9:5072>'] });
  assert.deepEqual(values(sent, 'Contact').map(named), [
    '<sip:100@10.0.9.9;rollcall={10.0.9.9:5060}>;q=1 , "b,c" <sip:100@192.168.1.50;rollcall={10.0.9.9:5060}>',
  ]);
  assert.deepEqual(values(sent, 'm').map(named), ['<sip:101@10.0.9.9:5072;rollcall={10.0.9.9:5072}>']);
});

test('left alone: a star, other schemes, no brackets, headers in the URI, what is no Contact', () => {
  for (const contact of [
    '*',
    '<tel:+1-201-555-0123>',
    '<sips:100@10.0.9.9>',
    '<mailto:a@b>',
    'sip:100@10.0.9.9',
    'sip:100@10.0.9.9;expires=60',
    '<sip:user@example.com?Route=%3Csip:sip.example.com%3E>',
    'sip:user@example.com?Route=%3Csip:sip.example.com%3E',
    ';;,;,,',
    '<sip:100@10.0.9.9',
    '"x <sip:100@10.0.9.9>',
    '',
  ]) {
    assert.equal(contactSent(contact), contact);
    assert.equal(contactSent(contact, NAT, both), contact);
  }
});

test('a Contact that is left alone does not hide the one behind it', () => {
  assert.equal(
    contactSent('<tel:1>, sip:100@10.0.9.9, <sip:100@10.0.9.9>'),
    '<tel:1>, sip:100@10.0.9.9, <sip:100@10.0.9.9;rollcall={10.0.9.9:5060}>',
  );
});

test('expires=0 is treated alike, so that a removal names the binding that it removes', () => {
  const uriOf = (contact: string, parts: RequestParts = {}): string =>
    /<.*>/.exec(values(sentFor(contact, NAT, alias, parts), 'Contact')[0]!)![0];
  const added = uriOf('<sip:100@192.168.1.50>;expires=3600');
  assert.equal(uriOf('<sip:100@192.168.1.50>;expires=0'), added);
  assert.equal(uriOf('<sip:100@192.168.1.50>', { headers: ['Expires: 0'] }), added);
});

test('a token that the phone sends back, or invents, is replaced: every one of them', () => {
  const stale = tokenFor('alias', '198.51.100.9:5060');
  for (const contact of [
    `<sip:100@192.168.1.50;rollcall=${stale}>`,
    `<sip:100@192.168.1.50;ROLLCALL=${stale.toUpperCase()}>`,
    '<sip:100@192.168.1.50;rollcall>',
    `<sip:100@192.168.1.50;rollcall=${stale};rollcall=x;rollcall=${stale}>`,
  ]) {
    assert.equal(contactSent(contact, NAT), `<sip:100@192.168.1.50;rollcall={${NAT}}>`, contact);
  }
  assert.equal(
    contactSent(`<sip:100@192.168.1.50;a;rollcall=${stale};b;rollcall=x;c>`, NAT),
    `<sip:100@192.168.1.50;a;b;c;rollcall={${NAT}}>`,
  );
});

test('the token holds the socket that the phone reached', () => {
  const two = routesOf({ contactMode: 'alias', us: ['10.0.1.7:5060', '192.168.9.1:5062'] });
  const { sent } = pass(register('<sip:100@192.168.1.50>'), NAT, two, 1);
  const token = /rollcall=([0-9a-v]+)/.exec(sent)![1]!;
  assert.deepEqual(tokenParts(token), { purpose: 'alias', socket: 1, flow: NAT });
});

test('path: a Path value of the first Contact’s flow, and Supported: path, behind our Via', () => {
  const sent = sentFor('<sip:100@192.168.1.50>', NAT, path);
  const [value] = values(sent, 'Path');
  const token = /^<sip:([0-9a-v]{29})@10\.0\.1\.7:5060;lr>$/.exec(value!)![1]!;
  assert.deepEqual(tokenParts(token), { purpose: 'path', socket: 0, flow: NAT });
  assert.deepEqual(values(sent, 'Contact'), ['<sip:100@192.168.1.50>']);
  assert.match(sent, /^REGISTER .*\r\nVia: .*10\.0\.1\.7.*\r\nPath: .*\r\nSupported: path\r\nVia: /);
  const flows = [
    ['<sip:100@10.0.9.9:5072>, <sip:100@192.168.1.50>', '10.0.9.9:5072'],
    ['<sip:100@192.168.1.50>, <sip:100@10.0.9.9:5072>', '10.0.9.9:5060'],
    ['*', '10.0.9.9:5060'],
    ['sip:100@10.0.9.9:5072', '10.0.9.9:5072'],
  ] as const;
  for (const [contact, flow] of flows) {
    const user = /<sip:([0-9a-v]+)@/.exec(values(sentFor(contact, '10.0.9.9:49170', path), 'Path')[0]!)![1]!;
    assert.equal(tokenParts(user)?.flow, flow, contact);
  }
});

test('Supported: path is added once: not where the phone says so itself', () => {
  const supported = (...lines: readonly string[]): string[] => {
    const sent = sentFor('<sip:100@10.0.9.9>', PHONE, path, { headers: lines });
    return [...values(sent, 'Supported'), ...values(sent, 'k')];
  };
  assert.deepEqual(supported(), ['path']);
  assert.deepEqual(supported('Supported: timer, pathology'), ['path', 'timer, pathology']);
  for (const own of ['path', 'timer,PATH', 'timer , path , gruu', 'path,timer', 'gruu,\r\n path']) {
    assert.equal(supported(`Supported: ${own}`).length, 1, own);
  }
  assert.deepEqual(supported('k: timer, path'), ['timer, path']);
  assert.deepEqual(supported('Supported: timer', 'Supported: path'), ['timer', 'path']);
});

test('alias+path: both; direct: neither', () => {
  const sent = sentFor('<sip:100@192.168.1.50>', NAT, both);
  assert.equal(named(values(sent, 'Contact')[0]!), `<sip:100@192.168.1.50;rollcall={${NAT}}>`);
  assert.equal(values(sent, 'Path').length, 1);
  const plain = sentFor('<sip:100@192.168.1.50>', NAT, direct);
  assert.deepEqual(values(plain, 'Contact'), ['<sip:100@192.168.1.50>']);
  assert.deepEqual([...values(plain, 'Path'), ...values(plain, 'Supported')], []);
});

test('a Path of the phone’s own making is taken out in every mode that is ours to decide', () => {
  const headers = ['Path: <sip:evil.example;lr>', 'PATH : <sip:6.6.6.6;lr>,\r\n <sip:a>'];
  for (const by of [alias, path, both]) {
    const sent = sentFor('<sip:100@10.0.9.9>', PHONE, by, { headers });
    assert.doesNotMatch(sent, /evil|6\.6\.6\.6/);
    assert.equal(values(sent, 'Path').length, by === alias ? 0 : 1);
  }
  assert.match(
    sentFor('<sip:100@10.0.9.9>', PHONE, direct, { headers }),
    /Path: <sip:evil\.example;lr>/,
    'direct: Via and hops only',
  );
});

test('only a phone’s REGISTER is changed', () => {
  for (const contactMode of MODES) {
    const by = mode(contactMode);
    const invite = pass(
      request({ headers: ['Contact: <sip:100@10.0.9.9>', 'Path: <sip:a>'] }),
      PHONE,
      by,
    ).sent;
    assert.deepEqual(
      [values(invite, 'Contact'), values(invite, 'Path')],
      [['<sip:100@10.0.9.9>'], ['<sip:a>']],
    );
    const pbx = register('<sip:100@10.0.9.9>', { uri: 'sip:10.0.7.7', headers: ['Path: <sip:a>'] });
    const relayed = pass(pbx, PBX, by).sent;
    assert.deepEqual(
      [values(relayed, 'Contact'), values(relayed, 'Path')],
      [['<sip:100@10.0.9.9>'], ['<sip:a>']],
    );
  }
});

/** The 2xx as it reaches the phone, to a REGISTER from that source, with these Contact lines of the registrar's. */
function answered(contacts: readonly string[], source: string, by = alias, status = '200 OK'): Verdict {
  const sent = sentFor('<sip:100@192.168.1.50>', source, by);
  return pass(
    responseTo(
      sent,
      status,
      contacts.map((contact) => `Contact: ${contact}`),
    ),
    PBX,
    by,
  );
}

function contactsBack(contacts: readonly string[], source: string, by = alias, status = '200 OK'): string[] {
  const verdict = answered(contacts, source, by, status);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  return values(verdict.sent, 'Contact');
}

const param = (flow: string): string => `;rollcall=${tokenFor('alias', flow)}`;

test('2xx: the phone finds its own Contact as it sent it', () => {
  for (const by of [alias, both]) {
    assert.deepEqual(contactsBack([`<sip:100@192.168.1.50${param(NAT)}>;expires=3600`], NAT, by), [
      '<sip:100@192.168.1.50>;expires=3600',
    ]);
  }
  assert.deepEqual(
    contactsBack([`"x" <sip:100@192.168.1.50;a${param(NAT)};b>;q=1, <sip:1@h${param(NAT)}>`], NAT),
    ['"x" <sip:100@192.168.1.50;a;b>;q=1, <sip:1@h>'],
  );
});

test('2xx: a phone without NAT finds its Contact, though it sent from another port', () => {
  assert.deepEqual(contactsBack([`<sip:100@10.0.9.9:5070${param('10.0.9.9:5070')}>`], '10.0.9.9:49170'), [
    '<sip:100@10.0.9.9:5070>',
  ]);
});

test('2xx: other flows keep theirs, or a phone would find its old binding three times', () => {
  const old = `<sip:100@192.168.1.50${param('203.0.113.7:1024')}>;expires=20`;
  const other = `<sip:100@192.168.1.50${param('198.51.100.9:5060')}>`;
  const own = `<sip:100@192.168.1.50${param(NAT)}>;expires=3600`;
  assert.deepEqual(contactsBack([`${old}, ${own}`, other], NAT), [
    `${old}, <sip:100@192.168.1.50>;expires=3600`,
    other,
  ]);
});

test('2xx: a parameter that we did not sign for this stays', () => {
  for (const contact of [
    '<sip:100@192.168.1.50;rollcall=x>',
    '<sip:100@192.168.1.50;rollcall>',
    `<sip:100@192.168.1.50;rollcall=${tokenFor('path', NAT)}>`,
    `<sip:100@192.168.1.50;rollcall=${tokenFor('rr', NAT)}>`,
    `<sip:100@192.168.1.50;rollcall2=${tokenFor('alias', NAT)}>`,
    `<sip:100@192.168.1.50>${param(NAT)}`,
    `<tel:1${param(NAT)}>`,
    '*',
  ]) {
    assert.deepEqual(contactsBack([contact], NAT), [contact]);
  }
});

test('only a 2xx, only to REGISTER, only in the modes that add it', () => {
  const contact = `<sip:100@192.168.1.50${param(NAT)}>`;
  for (const status of ['100 Trying', '180 x', '300 Multiple', '401 x', '404 x', '600 x']) {
    assert.deepEqual(contactsBack([contact], NAT, alias, status), [contact], status);
  }
  assert.deepEqual(contactsBack([contact], NAT, alias, '299 x'), ['<sip:100@192.168.1.50>']);
  for (const by of [path, direct]) assert.deepEqual(contactsBack([contact], NAT, by), [contact]);
  const invite = pass(request({ vias: ['SIP/2.0/UDP 192.168.1.50;branch=z9hG4bKa'] }), NAT, alias).sent;
  const ok = pass(responseTo(invite, '200 OK', [`Contact: ${contact}`]), PBX, alias).sent;
  assert.deepEqual(values(ok, 'Contact'), [contact]);
});

test('2xx after a rotation: the previous key’s parameter goes, a retired key’s stays', () => {
  const contact = `<sip:100@192.168.1.50${param(NAT)}>`;
  assert.deepEqual(contactsBack([contact], NAT, mode('alias', { signer: rotated })), [
    '<sip:100@192.168.1.50>',
  ]);
  assert.deepEqual(contactsBack([contact], NAT, mode('alias', { signer: afterRotation })), [contact]);
});

test('there and back: whatever Contact the phone sends, a registrar’s echo of it comes back as sent', () => {
  for (const contact of [
    '<sip:100@10.0.9.9>;expires=60',
    '"K, F" <sip:100@192.168.1.50:5070;transport=udp;ob>;q=0.5;+sip.instance="<urn:uuid:1>"',
    '<sip:100@[2001:db8::9]:5070>',
    'sip:100@10.0.9.9;expires=60',
    '<sip:100@phone.example.com>, <sip:101@10.0.9.9:1024>;x="a;rollcall=b"',
  ]) {
    for (const source of [PHONE, NAT, '[2001:db8::9]:40000']) {
      for (const contactMode of MODES) {
        const by = mode(contactMode);
        const sent = sentFor(contact, source, by);
        const echo = values(sent, 'Contact').map((value) => `Contact: ${value}`);
        const back = pass(responseTo(sent, '200 OK', echo), PBX, by);
        assert.deepEqual(values(back.sent, 'Contact'), [contact], `${contactMode} ${source}`);
      }
    }
  }
});

test('what reaches the PBX is 29 characters longer and the name, as pjsip’s 256 for a host and 512 for a URI allow', () => {
  const contact = '<sip:100@192.168.1.50:5060>';
  assert.equal(
    values(sentFor(contact, NAT), 'Contact')[0]!.length - contact.length,
    ';rollcall='.length + 29,
  );
});

test('more Contacts than can be edited: refused, and no more of them signed', () => {
  let signatures = 0;
  const key = signer.keys[0]!;
  const counting: SigningKey = {
    ...key,
    signToken: (...args) => {
      signatures++;
      key.signToken(...args);
    },
  };
  const by = mode('alias', { signer: { keys: [counting] } });
  const verdict = pass(register(Array(7000).fill('<sip:a>').join(',')), PHONE, by);
  assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'too_many_edits']);
  assert.ok(signatures > 0 && signatures <= 1025 * PASSES, `${signatures}`);
});
