import type { Socket } from 'node:dgram';
import { latin1 } from '../../proxy/support/passing.ts';
import type { Lab } from '../support/lab.ts';
import type { Program } from '../support/program.ts';
import { startKamailio } from './kamailio-program.ts';
import type { Outcome } from './outcome.ts';
import { statusOf } from './outcome.ts';
import type { From, Place, Profile } from './places.ts';
import { PHONE, PHONE_NET, PROXY, placeText, REGISTRAR, SOURCE, WITNESS } from './places.ts';
import { Sentinel, TO_KAMAILIO } from './sentinel.ts';
import { socketAt } from './socket-at.ts';

/** A real Kamailio that forwards, asked one datagram at a time. */
export class KamailioForwarder {
  private readonly sentinel: Sentinel;
  private readonly sockets: Readonly<Record<From | 'witness', Socket>>;
  private readonly heard: Outcome[] = [];

  private constructor(program: Program, sockets: Readonly<Record<From | 'witness', Socket>>) {
    this.sentinel = new Sentinel(program, TO_KAMAILIO);
    this.sockets = sockets;
    sockets.phone.on('message', (bytes) => this.hear(latin1(bytes), PHONE));
    sockets.registrar.on('message', (bytes) => this.hear(latin1(bytes), REGISTRAR));
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
    await forwarder.sentinel.ready(sockets.phone, PHONE, PROXY.direct);
    return forwarder;
  }

  close(): void {
    for (const socket of Object.values(this.sockets)) socket.close();
  }

  async offer(bytes: Uint8Array, from: From, profile: Profile): Promise<Outcome> {
    this.heard.length = 0;
    const proxy = PROXY[profile];
    this.sockets[from].send(bytes, proxy.port, proxy.ip);
    await this.sentinel.pass(this.sockets[from], SOURCE[from], proxy);
    if (this.heard.length > 1) throw new Error(`one datagram brought ${this.heard.length} out of Kamailio`);
    return this.heard[0] ?? { kind: 'silent' };
  }

  private hear(sent: string, at: Place): void {
    if (!this.sentinel.takes(sent)) this.heard.push(relayedOrOwn(sent, placeText(at)));
  }

  private hearWitness(report: string): void {
    const [head = '', ip = '', port = ''] = /^(\S+) (\d+)\n/.exec(report) ?? [];
    this.heard.push({ kind: 'forwarded', target: `${ip}:${port}`, sent: report.slice(head.length) });
  }
}

/** Kamailio signs what it says itself. */
const OWN_ANSWER = /^SIP\/.*\nServer: differential forwarder\r\n/is;

function relayedOrOwn(sent: string, target: string): Outcome {
  return OWN_ANSWER.test(sent)
    ? { kind: 'answered', status: statusOf(sent), target, sent }
    : { kind: 'forwarded', target, sent };
}
