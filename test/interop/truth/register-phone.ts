import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Prng } from '../../simulation/prng.ts';
import type { Attempt, Intent, Truth } from './truth.ts';
import type { Answer, Challenge } from './wire.ts';
import { readAnswer, writeCredentials, writeRegister } from './wire.ts';

/** Timers of a client transaction over UDP (RFC 3261 §17.1.2.2). */
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_F_MS = 64 * T1_MS;
/** REGISTERs of one act at most: challenged, stale, challenged, too brief, … */
const MAX_TRIES = 5;

export interface PhoneSettings {
  readonly user: string;
  readonly domain: string;
  /** The right one; undefined for a user that the registrar does not know. */
  readonly password: string | undefined;
  readonly ip: string;
  readonly port: number;
  readonly target: { readonly ip: string; readonly port: number };
  readonly expiresSec: number;
  /** A device's name for itself. Default: none. */
  readonly instance?: string;
  /** Which challenge it answers where there are several. */
  readonly prefers: Challenge['algorithm'];
  readonly truth: Truth;
  readonly random: Prng;
}

/** How an act went; `crashed`: the phone was switched off before it ended. */
export type Outcome = 'ok' | 'refused' | 'timeout' | 'crashed' | 'challenged';

export interface Act {
  readonly what: Intent['what'];
  /** Default: what the phone always asks for. 0: it takes its contact back. */
  readonly expiresSec?: number;
  /** Default: right. */
  readonly password?: 'right' | 'wrong';
  /** Whether it begins with the nonce that it has from before. Default: it asks for a new one. */
  readonly begins?: 'plain' | 'with old nonce';
  /** Where it stops though it could go on. */
  readonly until?: 'challenged';
}

interface Running {
  readonly attempt: Attempt;
  readonly proceed: () => void;
  readonly finish: (answer: Answer) => void;
}

/**
 * A phone that does with REGISTER what it is told, whole transactions with retransmissions, and lets the truth know
 * what it sends and hears. Switched off it still listens, for the truth alone.
 */
export class RegisterPhone {
  readonly aor: string;
  contact: string;
  userAgent = 'truth-phone/1';
  readonly settings: PhoneSettings;
  private callId: string;
  private cseq = 0;
  private challenge: Challenge | undefined = undefined;
  private nonceCount = 0;
  private socket: Socket;
  private source: string;
  private readonly sockets = new Map<string, Socket>();
  private readonly running = new Map<string, Running>();
  /** Undoes the transactions under way; from a crash on nobody waits for them. */
  private readonly abort = new Set<() => void>();

  private constructor(settings: PhoneSettings, socket: Socket) {
    this.settings = settings;
    this.socket = socket;
    this.source = `${settings.ip}:${settings.port}`;
    this.sockets.set(this.source, socket);
    this.aor = `${settings.user}@${settings.domain}`;
    this.contact = `sip:${settings.user}@${this.source}`;
    this.callId = settings.random.hex(16);
    this.listen(socket);
  }

  static async start(settings: PhoneSettings): Promise<RegisterPhone> {
    return new RegisterPhone(settings, await bind(settings.ip, settings.port));
  }

  /** Sends from another address from now on; its Contact stays what it is. */
  async sendFrom(ip: string, port: number): Promise<void> {
    const key = `${ip}:${port}`;
    let socket = this.sockets.get(key);
    if (socket === undefined) {
      socket = await bind(ip, port);
      this.sockets.set(key, socket);
      this.listen(socket);
    }
    this.socket = socket;
    this.source = key;
  }

  /** Off, at once; what it knew is gone. */
  crash(): void {
    for (const undo of this.abort) undo();
    this.abort.clear();
    this.callId = this.settings.random.hex(16);
    this.cseq = 0;
    this.challenge = undefined;
  }

  /** On again at another port: to the registrar its Contact is a new one. */
  async restartAt(port: number): Promise<void> {
    this.crash();
    await this.sendFrom(this.settings.ip, port);
    this.contact = `sip:${this.settings.user}@${this.source}`;
  }

  async close(): Promise<void> {
    this.crash();
    await Promise.all(
      [...this.sockets.values()].map((socket) => new Promise<void>((done) => socket.close(() => done()))),
    );
  }

  /** One REGISTER, and what follows from its answers. */
  async act(act: Act): Promise<Outcome> {
    const { password = 'right', until } = act;
    let { expiresSec = this.settings.expiresSec } = act;
    if (act.begins !== 'with old nonce') this.challenge = undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const hadCredentials = this.challenge !== undefined;
      const answer = await this.transact(act.what, expiresSec, password);
      if (typeof answer === 'string') return answer;
      if (answer.status < 300) return 'ok';
      if (answer.status === 423 && (answer.minExpiresSec ?? 0) > expiresSec) {
        expiresSec = answer.minExpiresSec!;
        this.challenge = undefined;
        continue;
      }
      const next = answer.challenges.find(({ algorithm }) => algorithm === this.settings.prefers);
      if (next === undefined) return 'refused';
      // A wrong password gets one try: asking again on its own is what attackers do.
      if (hadCredentials && password === 'wrong' && !next.isStale) return 'refused';
      this.challenge = next;
      this.nonceCount = 0;
      if (until === 'challenged') return 'challenged';
    }
    return 'refused';
  }

  private async transact(
    what: Intent['what'],
    expiresSec: number,
    password: 'right' | 'wrong',
  ): Promise<Answer | 'timeout' | 'crashed'> {
    const { truth, random } = this.settings;
    const { aor, contact, callId, source, userAgent } = this;
    const branch = `z9hG4bK${random.hex(16)}`;
    const text = this.write(what, expiresSec, password, branch);
    const nonce = this.challenge?.nonce;
    const { instance = '' } = this.settings;
    const intent = { aor, what, contact, instance, expiresSec, callId, source, userAgent, nonce };
    const attempt = truth.begin(intent, performance.now());
    return this.send(attempt, branch, text);
  }

  private write(what: Intent['what'], expiresSec: number, password: string, branch: string): string {
    const { user, domain, random, instance } = this.settings;
    const own = `<${this.contact}>${instance === undefined ? '' : `;+sip.instance="<${instance}>"`}`;
    const right = this.settings.password ?? 'none';
    this.cseq++;
    this.nonceCount++;
    const credentials =
      this.challenge &&
      writeCredentials({
        challenge: this.challenge,
        user,
        password: password === 'right' ? right : `not-${right}`,
        uri: `sip:${domain}`,
        nonceCount: this.nonceCount,
        clientNonce: random.hex(8),
      });
    return writeRegister({
      user,
      domain,
      sentBy: this.source,
      branch,
      callId: this.callId,
      fromTag: random.hex(8),
      cseq: this.cseq,
      contact: { own, all: '*', none: undefined }[what],
      expiresSec: what === 'none' ? undefined : what === 'all' ? 0 : expiresSec,
      userAgent: this.userAgent,
      credentials,
    });
  }

  private send(attempt: Attempt, branch: string, text: string): Promise<Answer | 'timeout' | 'crashed'> {
    const { truth, target } = this.settings;
    const { socket } = this;
    return new Promise((resolve) => {
      const put = (): void => socket.send(Buffer.from(text, 'latin1'), target.port, target.ip);
      let intervalMs = T1_MS;
      let isProceeding = false;
      const again = (): void => {
        truth.sentAgain();
        put();
        intervalMs = isProceeding ? T2_MS : Math.min(intervalMs * 2, T2_MS);
        timer = setTimeout(again, intervalMs);
      };
      let timer = setTimeout(again, intervalMs);
      const giveUp = setTimeout(() => end('timeout'), TIMER_F_MS);
      const end = (outcome: Answer | 'timeout' | 'crashed'): void => {
        clearTimeout(timer);
        clearTimeout(giveUp);
        this.abort.delete(crash);
        resolve(outcome);
      };
      const crash = (): void => end('crashed');
      this.abort.add(crash);
      const proceed = (): void => {
        isProceeding = true;
      };
      this.running.set(branch, { attempt, proceed, finish: end });
      put();
    });
  }

  private listen(socket: Socket): void {
    socket.on('message', (bytes) => {
      const answer = readAnswer(bytes.toString('latin1'));
      const running = answer && this.running.get(answer.branch);
      if (answer === undefined || running === undefined) return;
      if (answer.status < 200) {
        running.proceed();
        return;
      }
      this.running.delete(answer.branch);
      this.settings.truth.answer(running.attempt, answer, performance.now());
      running.finish(answer);
    });
  }
}

/** The name of one of many devices. */
export function instanceOf(number: number): string {
  return `urn:uuid:00000000-0000-1000-8000-${number.toString(16).padStart(12, '0')}`;
}

async function bind(ip: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
}
