import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { latin1 } from '../../proxy/support/passing.ts';
import type { Lab } from '../support/lab.ts';
import type { Program } from '../support/program.ts';
import { startKamailio } from './kamailio-program.ts';
import type { Outcome } from './outcome.ts';
import { statusOf } from './outcome.ts';
import type { From, Place, Profile } from './places.ts';
import { PHONE, PHONE_NET, PROXY, placeText, REGISTRAR, SOURCE, WITNESS } from './places.ts';

/** It has one worker and answers within a millisecond; when it does not in this time it has died. */
const ANSWER_LIMIT_MS = 5_000;
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** A real Kamailio that forwards, asked one datagram at a time. */
export class KamailioForwarder {
  private readonly program: Program;
  private readonly sockets: Readonly<Record<From | 'witness', Socket>>;
  private readonly heard: Outcome[] = [];
  private sentinels = 0;
  private onDone: (number: number) => void = () => {};

  private constructor(program: Program, sockets: Readonly<Record<From | 'witness', Socket>>) {
    this.program = program;
    this.sockets = sockets;
    sockets.phone.on('message', (bytes) => this.hear(bytes, PHONE));
    sockets.registrar.on('message', (bytes) => this.hear(bytes, REGISTRAR));
    sockets.witness.on('message', (bytes) => this.hearWitness(latin1(bytes)));
  }

  static async start(lab: Lab): Promise<KamailioForwarder> {
    const sockets = {
      phone: await socketAt(PHONE),
      registrar: await socketAt(REGISTRAR),
      witness: await socketAt(WITNESS),
    };
    const program = startKamailio(lab, 'kamailio-forwarder.cfg', {
      FWD_DIRECT: `udp:${placeText(PROXY.direct)}`,
      FWD_RECORDING: `udp:${placeText(PROXY.recording)}`,
      FWD_RECORDING_PORT: PROXY.recording.port,
      REGISTRAR_IP: `"${REGISTRAR.ip}"`,
      REGISTRAR_PORT: REGISTRAR.port,
      PHONE_IP: `"${PHONE.ip}"`,
      PHONE_PORT: PHONE.port,
      PHONE_NET: `"${PHONE_NET}"`,
      WITNESS_URI: `"sip:${placeText(WITNESS)}"`,
    });
    const forwarder = new KamailioForwarder(program, sockets);
    await forwarder.untilReady();
    return forwarder;
  }

  close(): void {
    for (const socket of Object.values(this.sockets)) socket.close();
  }

  /**
   * What Kamailio does with the datagram. It does one thing after the other, so what it has not done when it answers
   * the sentinel that follows, it will not do.
   */
  async offer(bytes: Uint8Array, from: From, profile: Profile): Promise<Outcome> {
    this.heard.length = 0;
    const proxy = PROXY[profile];
    this.sockets[from].send(bytes, proxy.port, proxy.ip);
    await this.sentinelAnswered(from, proxy);
    if (this.heard.length > 1) throw new Error(`one datagram brought ${this.heard.length} out of Kamailio`);
    return this.heard[0] ?? { kind: 'silent' };
  }

  private async untilReady(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.sentinelAnswered('phone', PROXY.direct, 100);
      } catch (error) {
        if (tries === 100 || !this.program.running()) throw error;
      }
    }
  }

  private async sentinelAnswered(from: From, proxy: Place, limitMs = ANSWER_LIMIT_MS): Promise<void> {
    const number = ++this.sentinels;
    let limit: NodeJS.Timeout | undefined;
    const answered = new Promise<void>((resolve, reject) => {
      const inVain = (): void => reject(new Error(`no answer in ${limitMs} ms: ${this.program.lastWords()}`));
      limit = setTimeout(inVain, limitMs);
      this.onDone = (which) => {
        if (which === number) resolve();
      };
    });
    this.sockets[from].send(sentinel(number, SOURCE[from]), proxy.port, proxy.ip);
    await answered.finally(() => clearTimeout(limit));
    // What was sent before the answer is in our sockets by now, but may not have been read yet.
    await turn();
    await turn();
  }

  private hear(bytes: Uint8Array, at: Place): void {
    const sent = latin1(bytes);
    const number = SENTINEL_ANSWER.exec(sent)?.[1];
    if (number !== undefined) this.onDone(Number(number));
    else this.heard.push(relayedOrOwn(sent, placeText(at)));
  }

  private hearWitness(report: string): void {
    const [head = '', ip = '', port = ''] = /^(\S+) (\d+)\n/.exec(report) ?? [];
    this.heard.push({ kind: 'forwarded', target: `${ip}:${port}`, sent: report.slice(head.length) });
  }
}

const SENTINEL_ANSWER = /^SIP\/2\.0 200 Done\r\n.*\r\nCall-ID: sentinel-(\d+)\r\n/s;

function sentinel(number: number, { ip, port }: Place): Buffer {
  const lines = [
    'SENTINEL sip:nobody@sentinel.invalid SIP/2.0',
    `Via: SIP/2.0/UDP ${ip}:${port};branch=z9hG4bKsentinel${number}`,
    'From: <sip:sentinel@sentinel.invalid>;tag=1',
    'To: <sip:sentinel@sentinel.invalid>',
    `Call-ID: sentinel-${number}`,
    'CSeq: 1 SENTINEL',
    'Content-Length: 0',
    '',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** Kamailio signs what it says itself. */
const OWN_ANSWER = /^SIP\/.*\nServer: differential forwarder\r\n/is;

function relayedOrOwn(sent: string, target: string): Outcome {
  return OWN_ANSWER.test(sent)
    ? { kind: 'answered', status: statusOf(sent), target, sent }
    : { kind: 'forwarded', target, sent };
}

async function socketAt({ ip, port }: Place): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
}
