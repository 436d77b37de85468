import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Surroundings } from '../../src/cli/config.ts';
import { loadConfig } from '../../src/cli/config.ts';
import type { Config } from '../../src/config.ts';
import type { Network } from '../../src/proxy/routes.ts';
import { contains } from '../../src/proxy/routes.ts';
import { endpointFrom, endpointText } from '../../src/sip/address.ts';

const ENOUGH = ['--registrar', '10.0.1.8'];

interface Said {
  readonly flags?: readonly string[];
  readonly environment?: Surroundings['environment'];
  readonly file?: string;
}

function load({ flags = [], environment = {}, file }: Said) {
  return loadConfig(file === undefined ? flags : [...flags, '--config', 'rollcall.yaml'], {
    environment: { HOME: '/home/op', ...environment },
    readFile: (name) => {
      if (file !== undefined && name === 'rollcall.yaml') return file;
      throw new Error(`ENOENT: no such file or directory, open '${name}'`);
    },
  });
}

function configOf(said: Said): Config {
  const loaded = load(said);
  assert.ok('config' in loaded, 'problems' in loaded ? loaded.problems.join('\n') : '');
  return loaded.config;
}

function problemsOf(said: Said): readonly string[] {
  const loaded = load(said);
  assert.ok('problems' in loaded, 'a configuration came out');
  return loaded.problems;
}

const inFile = (lines: string) => `registrar: 10.0.1.8\ncontact-mode: direct\n${lines}\n`;

describe('configuration', () => {
  it('has defaults for everything but the registrar', () => {
    const { listen, http, registrars, ...rest } = configOf({ flags: ENOUGH });
    assert.deepEqual(listen.map(endpointText), ['0.0.0.0:5060']);
    assert.equal(endpointText(http), '127.0.0.1:9760');
    assert.deepEqual(registrars, [{ host: '10.0.1.8', port: 5060 }]);
    assert.deepEqual(rest, {
      advertise: undefined,
      aliasHosts: [],
      registrarNets: undefined,
      registrarLists: 'auto',
      phoneNets: undefined,
      contactMode: 'alias',
      rport: 'auto',
      proxyRequire: 'enforce',
      viaCheck: 'enforce',
      stun: 'ignore',
      foreignRoute: 'keep',
      secretFile: '/home/op/.local/state/rollcall/secret',
      transport: 'auto',
      cpuPriority: 'auto',
      rehearsal: 'on',
      aorSeries: 2000,
      aorLabels: 'plain',
      aorDomain: 'keep',
      maxAors: 1_000_000,
      maxSources: 100_000,
      inventory: undefined,
      maxLocalReplies: 1000,
      logLevel: 'info',
    });
  });

  it('reads every setting from each of the three places', () => {
    const given: Readonly<Record<string, readonly string[]>> = {
      listen: ['10.0.0.5', '[2001:db8::5]:5070'],
      advertise: ['192.0.2.1:5090'],
      'alias-host': ['SIP.example.com', 'sip2.example.com'],
      registrar: ['10.0.1.8:5062', 'PBX.example.com', 'pbx2.example.com:5064', '2001:db8::8'],
      'registrar-net': ['10.0.1.0/24', '10.0.9.9:5060'],
      'phone-net': ['10.0.0.0/8', '2001:db8::/32'],
      'contact-mode': ['alias+path'],
      rport: ['force'],
      'proxy-require': ['pass'],
      'via-check': ['observe'],
      'strip-route': ['true'],
      stun: ['true'],
      'max-local-replies': ['0'],
      http: ['127.0.0.1:9999'],
      'aor-series': ['100'],
      'aor-labels': ['hash'],
      'aor-domain': ['ignore'],
      'registrar-lists': ['own'],
      inventory: ['phones.txt'],
      'max-aors': ['500'],
      'max-sources': ['400'],
      'secret-file': ['/etc/rollcall/secret'],
      transport: ['portable'],
      'cpu-priority': ['normal'],
      rehearsal: ['off'],
      'log-level': ['debug'],
    };
    const entries = Object.entries(given);
    const flags = entries.flatMap(([key, values]) => values.map((value) => `--${key}=${value}`));
    const environment = Object.fromEntries(
      entries.map(([key, values]) => [
        `ROLLCALL_${key.toUpperCase().replaceAll('-', '_')}`,
        values.join(', '),
      ]),
    );
    const file = entries.map(([key, values]) => `${key}: ${JSON.stringify(values)}`).join('\n');

    const byFlags = configOf({ flags });
    assert.deepEqual(configOf({ environment }), byFlags);
    assert.deepEqual(configOf({ file }), byFlags);

    const { listen, advertise, http, registrarNets, phoneNets, ...rest } = byFlags;
    assert.deepEqual(listen.map(endpointText), ['10.0.0.5:5060', '[2001:db8::5]:5070']);
    assert.equal(advertise && endpointText(advertise), '192.0.2.1:5090');
    assert.equal(endpointText(http), '127.0.0.1:9999');
    assert.deepEqual(rest, {
      aliasHosts: ['sip.example.com', 'sip2.example.com'],
      registrars: [
        { host: '10.0.1.8', port: 5062 },
        { host: 'pbx.example.com', port: 0 },
        { host: 'pbx2.example.com', port: 5064 },
        { host: '2001:db8::8', port: 5060 },
      ],
      contactMode: 'alias+path',
      rport: 'force',
      proxyRequire: 'pass',
      viaCheck: 'observe',
      foreignRoute: 'strip',
      stun: 'answer',
      maxLocalReplies: 0,
      aorSeries: 100,
      aorLabels: 'hash',
      aorDomain: 'ignore',
      registrarLists: 'own',
      inventory: 'phones.txt',
      maxAors: 500,
      maxSources: 400,
      secretFile: '/etc/rollcall/secret',
      transport: 'portable',
      cpuPriority: 'normal',
      rehearsal: 'off',
      logLevel: 'debug',
    });
    const holds = (networks: readonly Network[] | undefined, textual: string) =>
      networks?.map((network) => contains(network, endpointFrom(textual)!));
    assert.deepEqual(holds(registrarNets, '10.0.1.77:9'), [true, false]);
    assert.deepEqual(holds(registrarNets, '10.0.9.9:5060'), [false, true]);
    assert.deepEqual(holds(registrarNets, '10.0.9.9:5061'), [false, false]);
    assert.deepEqual(holds(phoneNets, '10.255.0.1:5060'), [true, false]);
    assert.deepEqual(holds(phoneNets, '[2001:db8:ffff::1]:5060'), [false, true]);
  });

  it('lets flags go over the environment and that over the file, a list as a whole', () => {
    const file = inFile('listen: [10.0.0.1, 10.0.0.2]\nrport: rfc\nlog-level: warn');
    const environment = { ROLLCALL_LISTEN: '10.0.0.3', ROLLCALL_RPORT: 'force' };
    const config = configOf({ file, environment, flags: ['--listen', '10.0.0.4'] });
    assert.deepEqual(config.listen.map(endpointText), ['10.0.0.4:5060']);
    assert.equal(config.rport, 'force');
    assert.equal(config.logLevel, 'warn');
    assert.deepEqual(configOf({ file, environment }).listen.map(endpointText), ['10.0.0.3:5060']);
  });

  it('turns a switch off over a file that turned it on', () => {
    const file = inFile('stun: true');
    assert.equal(configOf({ file }).stun, 'answer');
    assert.equal(configOf({ file, flags: ['--no-stun'] }).stun, 'ignore');
    assert.equal(configOf({ file, environment: { ROLLCALL_STUN: 'false' } }).stun, 'ignore');
    assert.equal(configOf({ flags: [...ENOUGH, '--stun'] }).stun, 'answer');
  });

  it('finds the file by the environment too', () => {
    const loaded = loadConfig([], {
      environment: { HOME: '/home/op', ROLLCALL_CONFIG: '/etc/rollcall.yaml' },
      readFile: (name) => (name === '/etc/rollcall.yaml' ? inFile('rport: rfc') : ''),
    });
    assert.ok('config' in loaded);
    assert.equal(loaded.config.rport, 'rfc');
  });

  it('puts the secret into the state folder of whoever started it', () => {
    const secretFile = (environment: Surroundings['environment']) =>
      configOf({ flags: ENOUGH, environment }).secretFile;
    assert.equal(secretFile({ XDG_STATE_HOME: '/home/op/state' }), '/home/op/state/rollcall/secret');
    assert.equal(secretFile({ STATE_DIRECTORY: '/var/lib/rollcall' }), '/var/lib/rollcall/secret');
    assert.equal(secretFile({ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }), '/var/lib/a/secret');
  });

  it("takes neither empty variables nor Kubernetes' own for settings", () => {
    const environment = {
      ROLLCALL_RPORT: '',
      ROLLCALL_SERVICE_HOST: '10.96.0.7',
      ROLLCALL_SERVICE_PORT: '5060',
      ROLLCALL_SERVICE_PORT_SIP: '5060',
      ROLLCALL_PORT: 'udp://10.96.0.7:5060',
      ROLLCALL_PORT_5060_UDP_ADDR: '10.96.0.7',
    };
    assert.equal(configOf({ flags: ENOUGH, environment }).rport, 'auto');
  });

  it('takes an empty file for a file that says nothing', () => {
    assert.equal(configOf({ flags: ENOUGH, file: '' }).rport, 'auto');
    assert.equal(configOf({ flags: ENOUGH, file: '# nothing yet\n' }).rport, 'auto');
  });
});

const ADDRESS = 'write IP:PORT, such as 10.0.0.5:5060 or [2001:db8::5]:5060.';
const REGISTRAR = 'write HOST or HOST:PORT, such as 10.0.1.8:5060 or pbx.example.com.';

const BAD: readonly (Said & { readonly name: string; readonly says: readonly string[] })[] = [
  {
    name: 'nothing at all',
    says: [
      'registrar: is required; give --registrar HOST[:PORT], ROLLCALL_REGISTRAR or registrar: in the file.',
    ],
  },
  {
    name: 'an address that is none, by flag',
    flags: [...ENOUGH, '--listen', '10.0.0.300:5060'],
    says: [`--listen: "10.0.0.300:5060" is not an address; ${ADDRESS}`],
  },
  {
    name: 'an address that is none, by environment',
    flags: ENOUGH,
    environment: { ROLLCALL_LISTEN: '10.0.0.5:5060,eth0' },
    says: [`ROLLCALL_LISTEN: "eth0" is not an address; ${ADDRESS}`],
  },
  {
    name: 'an address that is none, in a list of the file: its own line',
    file: inFile('listen:\n  - 10.0.0.5:5060\n  - 10.0.0.5:99999'),
    says: [`rollcall.yaml:5: listen: "10.0.0.5:99999" is not an address; ${ADDRESS}`],
  },
  {
    name: 'a group address to listen on',
    flags: [...ENOUGH, '--listen', '224.0.1.75:5060'],
    says: ['--listen: "224.0.1.75:5060" is a group address; give an address of this machine.'],
  },
  {
    name: 'an address that nobody can send to',
    flags: [...ENOUGH, '--advertise', '0.0.0.0'],
    says: ['--advertise: nobody can send to "0.0.0.0"; give the address that phones and registrar reach.'],
  },
  {
    name: 'registrars that are neither address nor name',
    flags: ['--contact-mode=direct', '--registrar=sip:pbx', '--registrar=10.0.1.300', '--registrar=pbx:0'],
    says: [
      `--registrar: "sip:pbx" is neither an address nor a host name; ${REGISTRAR}`,
      `--registrar: "10.0.1.300" is neither an address nor a host name; ${REGISTRAR}`,
      `--registrar: "pbx:0" is neither an address nor a host name; ${REGISTRAR}`,
    ],
  },
  {
    name: 'a registrar that is ourselves',
    flags: ['--contact-mode=direct', '--listen=10.0.0.5', '--registrar=10.0.0.5'],
    says: [
      "--registrar: 10.0.0.5:5060 is our own listen address; give the PBX's address, or listen on another port.",
    ],
  },
  {
    name: 'one address twice',
    file: inFile('listen: ["10.0.0.5", "10.0.0.5:5060"]'),
    says: ['rollcall.yaml:3: listen: 10.0.0.5:5060 is there twice; take one out.'],
  },
  {
    name: 'networks that are none',
    flags: [...ENOUGH, '--registrar-net=10.0.0.0/33', '--phone-net=10.0.0.1:5060'],
    says: [
      '--registrar-net: "10.0.0.0/33" is not a network; write CIDR or IP:PORT, such as 10.0.1.0/24 or 10.0.1.8:5060.',
      '--phone-net: "10.0.0.1:5060" is not a network; write CIDR, such as 10.0.0.0/8 or 2001:db8::/32.',
    ],
  },
  {
    name: 'a name with a port as alias',
    flags: [...ENOUGH, '--alias-host=sip.example.com:5060'],
    says: [
      '--alias-host: "sip.example.com:5060" is not a host name; write a name without port, such as sip.example.com.',
    ],
  },
  {
    name: 'words that are not among the words',
    file: 'registrar: 10.0.1.8\ncontact-mode: auto\nrport: yes\n',
    says: [
      'rollcall.yaml:2: contact-mode: "auto" is not one of its words; write alias, path, alias+path or direct.',
      'rollcall.yaml:3: rport: "yes" is not one of its words; write auto, rfc or force.',
    ],
  },
  {
    name: 'numbers out of range',
    flags: [...ENOUGH, '--aor-series=-1', '--max-aors=1e6', '--max-local-replies=5000000'],
    says: [
      '--aor-series: "-1" is out of range; write a whole number from 0 to 100000.',
      '--max-aors: "1e6" is out of range; write a whole number from 1 to 10000000.',
      '--max-local-replies: "5000000" is out of range; write a whole number from 0 to 1000000.',
    ],
  },
  {
    name: 'a switch that is neither on nor off',
    file: inFile('stun: yes'),
    says: ['rollcall.yaml:3: stun: "yes" is neither true nor false; write one of them.'],
  },
  {
    name: 'flags without a value, twice, unknown, and words without a flag',
    flags: [
      ...ENOUGH,
      'start',
      '--http',
      '127.0.0.1:1',
      '--http',
      '127.0.0.1:2',
      '--listne',
      '10.0.0.5',
      '--listen',
    ],
    says: [
      '"start": a word without a flag; every setting starts with --.',
      '--listne: there is no setting "listne"; did you mean listen?',
      '--listen: has no value; write IP:PORT.',
      '--http: has 2 values and takes one value; take the others out.',
    ],
  },
  {
    name: 'an unknown variable and an unknown key',
    environment: { ROLLCALL_TRANSPROT: 'portable' },
    file: inFile('colour: always\ncontact_mode: path'),
    says: [
      'ROLLCALL_TRANSPROT: there is no setting "transprot"; did you mean transport?',
      'rollcall.yaml:3: there is no setting "colour"; --help lists them all.',
      'rollcall.yaml:4: there is no setting "contact_mode"; did you mean contact-mode?',
    ],
  },
  {
    name: 'keys without a value, or with a map for one',
    file: inFile('http:\nlisten: {ip: 10.0.0.5}'),
    says: [
      'rollcall.yaml:3: http: has no value; write one, or take the line out.',
      'rollcall.yaml:4: listen: takes a value or a list, not a map; write listen: IP:PORT.',
    ],
  },
  {
    name: 'a key twice',
    file: inFile('rport: rfc\nrport: auto'),
    says: ['rollcall.yaml:4: this key is there twice; take one out, or write a list.'],
  },
  {
    name: 'an IPv6 address without quotes',
    file: inFile('listen: [2001:db8::5]:5060'),
    says: [
      'rollcall.yaml:3: not YAML: Unexpected scalar at node end; put quotes around a value that holds brackets, or a colon and a space.',
    ],
  },
  {
    name: 'a file that is no map',
    file: '- listen\n',
    says: ['rollcall.yaml:1: not a map; write lines such as "listen: 10.0.0.5:5060".'],
  },
  {
    name: 'a file that is not there',
    flags: [...ENOUGH, '--config', 'nowhere.yaml'],
    says: [
      "config: can't read nowhere.yaml (ENOENT: no such file or directory, open 'nowhere.yaml'); name a readable file.",
    ],
  },
  {
    name: 'a home nowhere',
    flags: ENOUGH,
    environment: { HOME: undefined },
    says: ['secret-file: neither STATE_DIRECTORY nor HOME is set; give --secret-file FILE.'],
  },
];

describe('bad configuration', () => {
  for (const { name, says, ...said } of BAD) {
    it(`${name}: says what, where and what to do`, () => {
      assert.deepEqual(problemsOf(said), says);
    });
  }

  it('never takes a huge file for a configuration', () => {
    assert.deepEqual(problemsOf({ flags: ENOUGH, file: '#'.repeat(1_048_577) }), [
      'rollcall.yaml: is longer than 1048576 bytes; name a configuration file.',
    ]);
  });
});
