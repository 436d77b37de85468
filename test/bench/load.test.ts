import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { whyMissing } from '../../src/net/linux.ts';
import { REPO_ROOT } from '../support/repo-root.ts';

const PROXY = { address: '127.83.0.1', port: 15_060 };
const REGISTRAR = { address: '127.83.0.2', port: 15_060 };
const skip = whyMissing() ?? false;

interface Place {
  readonly address: string;
  readonly port: number;
}

interface Phase {
  readonly begun: number;
  readonly answered: number;
  readonly lost: number;
  readonly late: number;
  readonly wrong: Readonly<Record<string, number>>;
}

/** What a forwarder sends for a datagram, each to where it goes. */
type Sent = [text: string, to: Place][];

/** As RFC 3261 16.6 and RFC 3581 4 have it, as far as the load asks for it. */
function request(text: string, { address, port }: Place): Sent {
  const seen = text
    .replace(/;rport\r\n/, `;rport=${port};received=${address}\r\n`)
    .replace('Max-Forwards: 70', 'Max-Forwards: 69')
    .replace(/^.*\r\n/, `$&Via: SIP/2.0/UDP ${PROXY.address}:${PROXY.port};branch=z9hG4bKx\r\n`);
  return [[seen, REGISTRAR]];
}

/** RFC 3261 16.7; these phones are where their Vias say. */
function response(text: string): Sent {
  const rest = text.replace(/Via: [^\r]*\r\n/, '');
  const [, address = '', port] = /UDP ([\d.]+):(\d+)/.exec(rest) ?? [];
  return [[rest, { address, port: Number(port) }]];
}

interface Fault {
  /** What becomes of what goes to the registrar, or to the phone. */
  readonly request?: (sent: Sent) => Sent;
  readonly response?: (sent: Sent) => Sent;
  /** What the load has to say. */
  readonly found: (phase: Phase) => boolean;
}

const edited =
  (pattern: RegExp, replacement: string) =>
  (sent: Sent): Sent =>
    sent.map(([text, to]) => [text.replace(pattern, replacement), to]);

const isWrong = ({ wrong }: Phase): boolean => Object.keys(wrong).length > 0;

const FAULTS: Readonly<Record<string, Fault>> = {
  'no Via of its own': { request: edited(/Via: [^\r]*\r\n/, ''), found: isWrong },
  'a Via with another address': { request: edited(/127\.83\.0\.1/, '127.83.0.9'), found: isWrong },
  'Max-Forwards as it was': { request: edited(/: 69/, ': 70'), found: isWrong },
  'no rport filled in': { request: edited(/;rport=\d+;received=[\d.]+/, ';rport'), found: isWrong },
  'another port in rport': { request: edited(/;rport=2/, ';rport=3'), found: isWrong },
  'a request with another byte': { request: edited(/Expires: 3600/, 'Expires: 3601'), found: isWrong },
  'a request with another start line': {
    request: edited(/^REGISTER sip:e/, 'REGISTER sip:E'),
    found: isWrong,
  },
  'a request that is cut': { request: edited(/\r\n$/, ''), found: isWrong },
  'its Via left in the answer': {
    response: edited(/^.*\r\n/, `$&Via: SIP/2.0/UDP ${PROXY.address}:${PROXY.port};branch=z9hG4bKx\r\n`),
    found: isWrong,
  },
  'an answer with another byte': { response: edited(/tag=9e77/, 'tag=9e78'), found: isWrong },
  'an answer with another status': { response: edited(/ 200 OK/, ' 401 Unauthorized'), found: isWrong },
  'an answer that is cut': { response: edited(/\r\n$/, ''), found: isWrong },
  'an answer to another phone': {
    response: (sent) => sent.map(([text, { address, port }]) => [text, { address, port: port ^ 1 }]),
    found: isWrong,
  },
  'an answer twice': { response: (sent) => [...sent, ...sent], found: ({ late }) => late > 0 },
  'requests that get lost': { request: () => [], found: ({ lost }) => lost > 0 },
  'answers that get lost': { response: () => [], found: ({ lost }) => lost > 0 },
};

describe('the load of the benchmark beside others', { skip }, () => {
  const socket = createSocket('udp4');
  let fault: Fault | undefined;
  let seen = 0;

  before(async () => {
    socket.on('message', (bytes, from) => {
      const text = bytes.toString('latin1');
      const isAnswer = from.address === REGISTRAR.address;
      // The first exchange is the one that tells the load that somebody is there.
      const planted = ++seen > 2 ? fault : undefined;
      const right = isAnswer ? response(text) : request(text, from);
      const change = isAnswer ? planted?.response : planted?.request;
      for (const [sent, to] of change?.(right) ?? right)
        socket.send(Buffer.from(sent, 'latin1'), to.port, to.address);
    });
    socket.bind(PROXY.port, PROXY.address);
    await once(socket, 'listening');
  });
  after(() => socket.close());

  /** What it says of so short a phase that it is over in a second, or two where something gets lost. */
  async function underLoad(planted: Fault | undefined, mode: 'refresh' | 'mixed'): Promise<Phase> {
    fault = planted;
    seen = 0;
    const task = {
      ...{ proxy: `${PROXY.address}:${PROXY.port}`, registrar: `${REGISTRAR.address}:${REGISTRAR.port}` },
      ...{ pid: process.pid, mode, aors: 200, addresses: 16, window: 4, raw: false },
      phases: [
        { name: 'probe', kind: 'probe', seconds: 10 },
        { name: 'load', kind: 'closed', seconds: 0.2 },
      ],
    };
    const program = join(REPO_ROOT, 'scripts', 'bench', 'peers', 'load.mjs');
    const load = spawn(process.execPath, [program, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 30_000,
    });
    let lines = '';
    load.stdout.on('data', (chunk: Buffer) => {
      lines += chunk.toString();
    });
    const [code] = await once(load, 'close');
    assert.equal(code, 0);
    const [probe, phase] = lines
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Phase);
    assert.equal(probe?.answered, 1, lines);
    return phase!;
  }

  for (const mode of ['refresh', 'mixed'] as const) {
    test(`finds nothing wrong with a forwarder that does what it should: ${mode}`, async () => {
      const { begun, answered, lost, late, wrong } = await underLoad(undefined, mode);
      assert.ok(answered > 0);
      assert.ok(begun >= answered);
      assert.deepEqual({ lost, late, wrong }, { lost: 0, late: 0, wrong: {} });
    });
  }

  for (const [name, planted] of Object.entries(FAULTS)) {
    test(`finds ${name}`, async () => {
      const phase = await underLoad(planted, 'refresh');
      assert.ok(planted.found(phase), JSON.stringify(phase));
    });
  }
});
