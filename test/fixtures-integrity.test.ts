/**
 * Is the corpus what the documents describe? Checked against what RFC 4475 and RFC 5118 say of each message,
 * not against checksums of our own files, and without the parsers of src/: they are judged by these messages.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, fixturesIn } from './support/fixtures.ts';

const CRLF = '\r\n';
const EMPTY_LINE = '\r\n\r\n';
const MAX_UINT32 = 2n ** 32n - 1n;

const RFC4475_NAMES: Readonly<Record<string, string>> = {
  '3.1.1': `wsinv intmeth esc01 escnull esc02 lwsdisp longreq dblreq semiuri transports mpart01 unreason
    noreason`,
  '3.1.2': `badinv01 clerr ncl scalar02 scalarlg quotbal ltgtruri lwsruri lwsstart trws escruri baddate regbadct
    badaspec baddn badvers mismatch01 mismatch02 bigcode`,
  '3.2': 'badbranch',
  '3.3': `insuf unkscm novelsc unksm2 bext01 invut regaut01 multi01 mcl01 bcast zeromf cparam01 cparam02
    regescrt sdp01`,
  '3.4': 'inv2543',
};

const RFC5118_NAMES = `ipv6-good ipv6-bad port-ambiguous port-unambiguous via-received-param-with-delim
  via-received-param-no-delim ipv6-in-sdp mult-ip-in-header mult-ip-in-sdp ipv4-mapped-ipv6
  ipv6-bug-abnf-3-colons ipv6-correct-abnf-2-colons`;

const FOLDERS = ['seed', 'rfc4475', 'rfc5118', 'repaired'];

/** The RFC's archive ends baddn after its last header. */
const WITHOUT_EMPTY_LINE = ['rfc4475/baddn'];

/** What Content-Length says, where it does not name the length of what follows the empty line. */
const DISAGREEING_LENGTHS: Readonly<Record<string, readonly string[]>> = {
  'rfc4475/clerr': ['9999'],
  'rfc4475/ncl': ['-999'],
  'rfc4475/dblreq': ['0'],
  'rfc4475/mcl01': ['13', '5'],
  'rfc4475/inv2543': [],
  // RFC 5118 counted its bodies otherwise than with CRLF.
  'rfc5118/ipv6-in-sdp': ['268'],
  'rfc5118/mult-ip-in-sdp': ['181'],
  'rfc5118/ipv4-mapped-ipv6': ['236'],
};

const everyMessage = FOLDERS.flatMap((folder) =>
  fixturesIn(folder).map(({ name, bytes }) => ({ id: `${folder}/${name}`, bytes, text: latin1(bytes) })),
);

test('each set holds the messages that its document names, and no others', () => {
  const rfc4475 = Object.values(RFC4475_NAMES).flatMap(words);
  assert.equal(rfc4475.length, 49);
  assert.deepEqual(namesIn('rfc4475'), rfc4475.toSorted());
  assert.deepEqual(namesIn('rfc5118'), words(RFC5118_NAMES).toSorted());
  assert.deepEqual(
    namesIn('seed'),
    ['asterisk', 'ses'].flatMap((pbx) =>
      ['f1-register', 'f2-401', 'f3-register-credentials', 'f4-200'].map((step) => `${pbx}-${step}`),
    ),
  );
  assert.deepEqual(namesIn('repaired'), ['baddn', 'ipv4-mapped-ipv6', 'ipv6-in-sdp', 'mult-ip-in-sdp']);
});

test('each message opens with a start line of its own, not with an empty line or a comment', () => {
  for (const { id, text } of everyMessage) {
    const startLine = text.slice(0, text.indexOf(CRLF));
    // trws has two spaces after the version: that is its point.
    assert.match(startLine, /^(?:SIP\/2\.0 \d+ .*|\S+ +\S.* SIP\/\d\.\d *)$/, id);
  }
});

test('CRLF is the only line end up to the body', () => {
  for (const { id, text } of everyMessage) {
    assert.doesNotMatch(head(text), /\r(?!\n)|(?<!\r)\n/, id);
  }
});

test('the empty line is there, save in the one message whose archive leaves it out', () => {
  const without = everyMessage.filter(({ text }) => !text.includes(EMPTY_LINE)).map(({ id }) => id);
  assert.deepEqual(without, WITHOUT_EMPTY_LINE);
});

test('Content-Length names the length of the body, save where the RFC means it not to', () => {
  for (const { id, text } of everyMessage) {
    const stated = contentLengths(text);
    const disagreeing = DISAGREEING_LENGTHS[id];
    if (disagreeing === undefined) {
      assert.deepEqual(stated, [String(body(text).length)], id);
    } else {
      assert.deepEqual(stated, disagreeing, id);
      assert.ok(!stated.includes(String(body(text).length)), id);
    }
  }
});

test('the README lists each message with its length', () => {
  const readme = latin1(fixture('README.md'));
  for (const { id, bytes } of everyMessage) {
    const row = new RegExp(`^\\| \`${id}\\.sip\` \\| [^|]+ \\| ${bytes.length} \\|`, 'm');
    assert.match(readme, row, id);
  }
});

test('a fixture is a plain Uint8Array that belongs to the caller', () => {
  const first = fixture('rfc4475/wsinv.sip');
  assert.equal(Object.getPrototypeOf(first), Uint8Array.prototype);
  first.fill(0);
  assert.equal(fixture('rfc4475/wsinv.sip')[0], 'I'.charCodeAt(0));
});

test('seed: each ladder is one Call-ID, challenged once and answered with the nonce of the challenge', () => {
  for (const pbx of ['ses', 'asterisk']) {
    const [register, challenge, retry, ok] = ladder(pbx);
    for (const message of [challenge, retry, ok]) {
      assert.equal(only(message, 'Call-ID'), only(register, 'Call-ID'));
    }
    assert.match(challenge, /^SIP\/2\.0 401 Unauthorized\r\n/);
    assert.match(ok, /^SIP\/2\.0 200 OK\r\n/);
    assert.equal(branch(challenge), branch(register));
    assert.equal(branch(ok), branch(retry));
    assert.notEqual(branch(retry), branch(register));
    assert.equal(cseqNumber(retry), cseqNumber(register) + 1n);
    assert.equal(nonce(only(retry, 'Authorization')), nonce(only(challenge, 'WWW-Authenticate')));
    assert.equal(lines(register, 'Authorization').length, 0);
    assert.equal(
      /;received=([\d.]+)/.exec(only(ok, 'Via'))?.[1],
      /@([\d.]+)$/.exec(only(ok, 'Call-ID'))?.[1],
    );
  }
});

test('seed: headers stand one a line, in the spelling of the capture', () => {
  const methods = ['NOTIFY', 'REFER', 'OPTIONS', 'INVITE', 'ACK', 'CANCEL', 'BYE'];
  for (const pbx of ['ses', 'asterisk']) {
    const [register, , retry] = ladder(pbx);
    assert.deepEqual(lines(register, 'Allow'), methods);
    assert.deepEqual(lines(retry, 'Allow'), methods);
    // No space after this one colon, and a space after the comma before the nonce, on one line.
    assert.match(
      retry,
      /\r\nAuthorization:Digest response="[0-9a-f]{32}",username="\d{5}",realm="iptlab\.com", nonce="/,
    );
  }
  const [sesRegister] = ladder('ses');
  assert.equal(only(sesRegister, 'Contact'), 'Karen Filippelli 24001 <sip:24001@10.0.13.244>;expires=360');
  const [asteriskRegister] = ladder('asterisk');
  assert.equal(only(asteriskRegister, 'Route'), '<sip:10.0.5.110;lr>');
});

test('seed: the nonce of SES opens with the second in which it answered 200', () => {
  const [, challenge, , ok] = ladder('ses');
  const minted = Buffer.from(nonce(only(challenge, 'WWW-Authenticate')), 'base64').toString('latin1');
  assert.equal(Number(minted.split(':')[0]) * 1000, Date.parse(only(ok, 'Date')));
});

/** What RFC 4475 says is odd about a message, as a pattern that its bytes (as latin1) match or do not match. */
const ODDITIES: readonly { name: string; has: readonly RegExp[]; lacks?: readonly RegExp[] }[] = [
  {
    name: 'wsinv',
    has: [
      /\r\nTO :\r\n /,
      /\r\nMaX-fOrWaRdS: 0068\r\n/,
      /\r\ns :\r\n/,
      /: ;;,,;;,;\r\n/,
      /\r\n {4}192\.0\.2\.2;/,
    ],
    // Its top Via is from before the magic cookie.
    lacks: [/192\.0\.2\.2;branch=z9hG4bK/],
  },
  {
    name: 'intmeth',
    has: [/^!interesting-Method0123456789_\*\+`\.%indeed'~ sip:1_unusual\.URI~\(to-be!sure\)/],
  },
  { name: 'esc01', has: [/^INVITE sip:sips%3Auser%40example\.com@example\.net /, /v%61lue%25%34%31>/] },
  { name: 'escnull', has: [/\r\nTo: sip:null-%00-null@/, /<sip:%00@/, /<sip:%00%00@/], lacks: [/\0/] },
  { name: 'esc02', has: [/^RE%47IST%45R /, /\r\nC%6Fntact: /], lacks: [/^REGISTER/] },
  { name: 'lwsdisp', has: [/\r\nFrom: caller<sip:/] },
  { name: 'semiuri', has: [/^OPTIONS sip:user;par=u%40example\.net@example\.com /] },
  { name: 'noreason', has: [/^SIP\/2\.0 100 \r\n/] },
  { name: 'badinv01', has: [/\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.15;;,;,,\r\n/, />;;;;\r\n/] },
  { name: 'quotbal', has: [/\r\nTo: "[^"\r\n]*\r\n/] },
  { name: 'ltgtruri', has: [/^INVITE <sip:user@example\.com> SIP\/2\.0\r\n/] },
  { name: 'lwsruri', has: [/^INVITE sip:user@example\.com; lr SIP\/2\.0\r\n/] },
  { name: 'lwsstart', has: [/^INVITE {2}sip:user@example\.com {2}SIP\/2\.0\r\n/] },
  { name: 'trws', has: [/^OPTIONS \S+ SIP\/2\.0 {2}\r\n/] },
  { name: 'escruri', has: [/^INVITE \S+\?Route=%3Csip:example\.com%3E SIP/] },
  { name: 'baddate', has: [/\r\nDate: [^\r]* EST\r\n/] },
  { name: 'regbadct', has: [/\r\nContact: sip:[^<\r]*\?Route=%3C/] },
  { name: 'badaspec', has: [/\r\nTo: "Watson, Thomas" < sip:t\.watson@example\.org >\r\n/] },
  { name: 'baddn', has: [/\r\nFrom: +Bell, Alexander <sip:/, /\r\nTo: +Watson, Thomas <sip:/] },
  { name: 'badvers', has: [/^OPTIONS \S+ SIP\/7\.0\r\nVia: +SIP\/7\.0\/UDP /] },
  { name: 'mismatch01', has: [/^OPTIONS /, /\r\nCSeq: 8 INVITE\r\n/] },
  { name: 'mismatch02', has: [/^NEWMETHOD /, /\r\nCSeq: 8 INVITE\r\n/] },
  { name: 'badbranch', has: [/;branch=z9hG4bK\r\n/] },
  { name: 'insuf', has: [/^INVITE /], lacks: [/\r\n(?:To|t|From|f|Call-ID|i)\s*:/i] },
  { name: 'unkscm', has: [/^OPTIONS nobodyKnowsThisScheme:/] },
  { name: 'novelsc', has: [/^OPTIONS soap\.beep:\/\/192\.0\.2\.103:3002 /] },
  { name: 'unksm2', has: [/\r\nTo: isbn:/, /\r\nFrom: <http:/, /\r\nContact: <name:/] },
  { name: 'bext01', has: [/\r\nRequire: \S+, \S+\r\n/, /\r\nProxy-Require: \S+, \S+\r\n/] },
  { name: 'invut', has: [/\r\nContent-Type: application\/unknownformat\r\n/] },
  { name: 'regaut01', has: [/\r\nAuthorization: NoOneKnowsThisScheme /] },
  { name: 'bcast', has: [/^SIP\/2\.0 200 OK\r\nVia: [^\r]*\r\nVia: SIP\/2\.0\/UDP 255\.255\.255\.255;/] },
  { name: 'zeromf', has: [/\r\nMax-Forwards: 0\r\n/] },
  { name: 'cparam01', has: [/\r\nContact: sip:[^<>\r]*;unknownparam\r\n/] },
  { name: 'cparam02', has: [/\r\nContact: <sip:[^>\r]*;unknownparam>\r\n/] },
  { name: 'regescrt', has: [/\r\nM: <sip:[^>\r]*\?Route=%3C[^>\r]*%3E>\r\n/] },
  { name: 'sdp01', has: [/\r\nAccept: text\/nobodyKnowsThis\r\n/] },
  {
    name: 'inv2543',
    has: [/\r\nVia: SIP\/2\.0\/UDP iftgw\.example\.com\r\n/],
    lacks: [/;branch=/, /;tag=/, /\r\nMax-Forwards/i],
  },
];

for (const { name, has, lacks = [] } of ODDITIES) {
  test(`RFC 4475 ${name}: its oddity is in its bytes`, () => {
    const text = latin1(fixture(`rfc4475/${name}.sip`));
    for (const pattern of has) assert.match(text, pattern);
    for (const pattern of lacks) assert.doesNotMatch(text, pattern);
  });
}

test('RFC 4475 wsinv: thirteen continuation lines, with one space or many', () => {
  const folds = head(rfc4475('wsinv')).match(/\r\n[ \t]+[^\r]/g) ?? [];
  assert.equal(folds.length, 13);
});

test('RFC 4475 intmeth and unreason: the UTF-8 is whole and says what the hexadecimal of the RFC says', () => {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const unreason = utf8.decode(fixture('rfc4475/unreason.sip'));
  assert.match(unreason, /^SIP\/2\.0 200 = 2\*\*3 \* 5\*\*2 но сто девяносто девять - простое\r\n/);
  const intmeth = utf8.decode(fixture('rfc4475/intmeth.sip'));
  assert.ok(intmeth.includes('\r\nTo: "BEL:\\\x07 NUL:\\\0 DEL:\\\x7f" <sip:'));
  assert.match(intmeth, /="работающий";tag=/);
  assert.match(intmeth, /`'~:\ufeff大停電\r\n/);
});

test('RFC 4475 longreq: past the 1300 bytes of RFC 3261 §18.1.1, with 34 Vias in every spelling', () => {
  const bytes = fixture('rfc4475/longreq.sip');
  assert.ok(bytes.length > 1300);
  const text = latin1(bytes);
  assert.equal(text.match(/\r\n(?:via|v) *: +SIP\/2\.0\/TCP /gi)?.length, 34);
  for (const [word, count] of [
    ['extreme', 10],
    ['982', 50],
    ['paramname', 10],
    ['really', 20],
  ] as const) {
    assert.match(text, new RegExp(`(?<!${word})(?:${word}){${count}}(?!${word})`), word);
  }
  assert.match(text, /;branch=very(?:long){50}branchvalue\r\n/);
});

test('RFC 4475 dblreq: a whole INVITE stands behind the REGISTER', () => {
  const trailing = body(rfc4475('dblreq'));
  assert.match(trailing, /^\r\nINVITE sip:joe@example\.com SIP\/2\.0\r\n/);
  assert.match(trailing, /\r\nContent-Length: 150\r\n\r\nv=0\r\n/);
});

test('RFC 4475 transports: the first Via says UDP and the others each something else', () => {
  const transports = lines(rfc4475('transports'), 'Via').map((via) => /^SIP\/2\.0\/(\S+)/.exec(via)?.[1]);
  assert.deepEqual(transports, ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
});

test('RFC 4475 mpart01: the second part is DER with NUL bytes, whole to its last byte', () => {
  const parts = body(rfc4475('mpart01')).split(`--7a9cbec02ceef655`);
  const der = parts[2]?.split(EMPTY_LINE).slice(1).join(EMPTY_LINE).slice(0, -CRLF.length) ?? '';
  // A SEQUENCE of 0x0152 bytes after its four bytes of header (X.690 §8.1.3.5).
  assert.ok(der.startsWith('\x30\x82\x01\x52'));
  assert.equal(der.length, 4 + 0x0152);
  assert.ok(der.includes('\0'));
  assert.ok(der.includes('\n'), 'a bare LF in the body is data');
});

test('RFC 4475 scalars: each number is over the limit that the RFC names', () => {
  const request = rfc4475('scalar02');
  assert.ok(cseqNumber(request) > MAX_UINT32);
  assert.ok(BigInt(only(request, 'Max-Forwards')) > 255n);
  assert.equal(BigInt(only(request, 'Expires')), 10n ** 100n);
  assert.ok(BigInt(/;expires=(\d+)/.exec(request)?.[1] ?? 0) > MAX_UINT32);
  const response = rfc4475('scalarlg');
  assert.ok(cseqNumber(response) > MAX_UINT32);
  assert.ok(BigInt(only(response, 'Retry-After')) > MAX_UINT32);
  assert.match(only(response, 'Warning'), /^\d{4} /);
  assert.ok(BigInt(rfc4475('bigcode').split(' ')[1] ?? 0) > 699n);
});

test('RFC 4475 multi01: five headers that may stand once stand twice, with different values', () => {
  const text = rfc4475('multi01');
  for (const name of ['To', 'From', 'Call-ID', 'CSeq', 'Max-Forwards']) {
    assert.equal(new Set(lines(text, name)).size, 2, name);
  }
});

test('RFC 5118: the IPv6 references differ exactly where the sections say', () => {
  assert.equal(rfc5118('ipv6-good').replace(/^(\S+) sip:\[([^\]]*)\]/, '$1 sip:$2'), rfc5118('ipv6-bad'));
  assert.equal(rfc5118('port-ambiguous').replace('::10:5070]', '::10]:5070'), rfc5118('port-unambiguous'));
  assert.match(only(rfc5118('via-received-param-with-delim'), 'Via'), /;received=\[2001:db8::9:255\];/);
  assert.match(only(rfc5118('via-received-param-no-delim'), 'Via'), /;received=2001:db8::9:255;/);
  const threeColons = rfc5118('ipv6-bug-abnf-3-colons');
  assert.equal(threeColons.split(':::').length - 1, 2);
  assert.equal(threeColons.replaceAll(':::', '::'), rfc5118('ipv6-correct-abnf-2-colons'));
  const hosts = lines(rfc5118('mult-ip-in-header'), 'Via').map((via) => /\s(\S+?);/.exec(via)?.[1]);
  assert.deepEqual(hosts, ['[2001:db8::9:1]:6050', '192.0.2.1', '[2001:db8::9:255]']);
});

test('RFC 5118: SDP carries addresses without brackets', () => {
  assert.match(body(rfc5118('ipv6-in-sdp')), /\r\nc=IN IP6 2001:db8::20\r\n/);
  assert.match(
    body(rfc5118('mult-ip-in-sdp')),
    /\r\nc=IN IP4 192\.0\.2\.1\r\n.*\r\nc=IN IP6 2001:db8::1\r\n/s,
  );
  assert.match(body(rfc5118('ipv4-mapped-ipv6')), /\r\nc=IN IP6 ::ffff:192\.0\.2\.2\r\n/);
});

test('repaired: only the flaw is mended, the rest is the original', () => {
  assert.equal(latin1(fixture('repaired/baddn.sip')), `${rfc4475('baddn')}${CRLF}`);
  for (const name of ['ipv6-in-sdp', 'mult-ip-in-sdp', 'ipv4-mapped-ipv6']) {
    const original = rfc5118(name);
    const mended = original.replace(/(?<=\r\nContent-Length: )\d+/, String(body(original).length));
    assert.equal(latin1(fixture(`repaired/${name}.sip`)), mended, name);
  }
});

/** One character a byte, so that positions and lengths are those of the datagram. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function rfc4475(name: string): string {
  return latin1(fixture(`rfc4475/${name}.sip`));
}

function rfc5118(name: string): string {
  return latin1(fixture(`rfc5118/${name}.sip`));
}

function ladder(pbx: string): [string, string, string, string] {
  const step = (name: string): string => latin1(fixture(`seed/${pbx}-${name}.sip`));
  return [step('f1-register'), step('f2-401'), step('f3-register-credentials'), step('f4-200')];
}

function words(list: string): string[] {
  return list.split(/\s+/);
}

function namesIn(folder: string): string[] {
  return fixturesIn(folder).map(({ name }) => name);
}

function head(text: string): string {
  const end = text.indexOf(EMPTY_LINE);
  return end < 0 ? text : text.slice(0, end + EMPTY_LINE.length);
}

function body(text: string): string {
  return text.slice(head(text).length);
}

/** Values of the header lines of this very name, unfolded headers only. */
function lines(text: string, name: string): string[] {
  return [...head(text).matchAll(new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'g'))].map(
    (hit) => hit[1] ?? '',
  );
}

function only(text: string, name: string): string {
  const [value, ...others] = lines(text, name);
  assert.ok(value !== undefined && others.length === 0, `one ${name}`);
  return value;
}

function contentLengths(text: string): string[] {
  return [...head(text).matchAll(/\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r]*)/gi)].map(
    (hit) => hit[1] ?? '',
  );
}

function cseqNumber(text: string): bigint {
  return BigInt(only(text, 'CSeq').split(' ')[0] ?? 0);
}

function branch(text: string): string | undefined {
  return /;branch=([^;\r]*)/.exec(only(text, 'Via'))?.[1];
}

function nonce(header: string): string {
  return /nonce="([^"]*)"/.exec(header)?.[1] ?? '';
}
