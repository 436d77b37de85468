import type { Socket } from 'node:dgram';
import { setImmediate as turn } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Place } from './places.ts';

/** It answers within milliseconds; when it does not in this time it has died. */
const ANSWER_LIMIT_MS = 5_000;
const FIRST_LIMIT_MS = 100;
const FIRST_TRIES = 100;

/** A request that is answered at once, and what its answer looks like. */
export interface SentinelForm {
  readonly method: string;
  readonly hops: number;
  readonly answer: RegExp;
}

/** As our configurations of Kamailio answer it. */
export const TO_KAMAILIO: SentinelForm = {
  method: 'SENTINEL',
  hops: 70,
  answer: /^SIP\/2\.0 200 Done\r\n.*\r\nCall-ID: sentinel-(\d+)\r\n/s,
};

/** Rollcall refuses every request that may not go on. */
export const TO_ROLLCALL: SentinelForm = {
  method: 'INVITE',
  hops: 0,
  answer: /^SIP\/2\.0 483 .*\r\n(?:Call-ID|i) ?: ?sentinel-(\d+)\r\n/is,
};

/**
 * Knows when a proxy has done with a datagram: it does one thing after the other, so what it has not done when it
 * answers a request sent after it, it will not do. No time has to pass for that.
 */
export class Sentinel {
  private readonly program: Program;
  private readonly form: SentinelForm;
  private sent = 0;
  private onAnswer: (number: number) => void = () => {};

  constructor(program: Program, form: SentinelForm) {
    this.program = program;
    this.form = form;
  }

  /** Whether a datagram that came is its answer, and nothing that a test is waiting for. */
  takes(text: string): boolean {
    const number = this.form.answer.exec(text)?.[1];
    if (number !== undefined) this.onAnswer(Number(number));
    return number !== undefined;
  }

  /** Resolves when all that was sent before, by the same socket, is done with, and all that came of it is heard. */
  async pass(socket: Socket, from: Place, to: Place, limitMs = ANSWER_LIMIT_MS): Promise<void> {
    const number = ++this.sent;
    let limit: NodeJS.Timeout | undefined;
    const answered = new Promise<void>((resolve, reject) => {
      const inVain = (): void => reject(new Error(`no answer in ${limitMs} ms: ${this.program.lastWords()}`));
      limit = setTimeout(inVain, limitMs);
      this.onAnswer = (which) => {
        if (which === number) resolve();
      };
    });
    socket.send(request(this.form, number, from), to.port, to.ip);
    await answered.finally(() => clearTimeout(limit));
    // What was sent before the answer is in our sockets by now, but may not have been read yet.
    await turn();
    await turn();
  }

  /** Resolves when the program answers for the first time. */
  async ready(socket: Socket, from: Place, to: Place): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.pass(socket, from, to, FIRST_LIMIT_MS);
      } catch (error) {
        if (tries === FIRST_TRIES || !this.program.running()) throw error;
      }
    }
  }
}

function request({ method, hops }: SentinelForm, number: number, { ip, port }: Place): Buffer {
  const lines = [
    `${method} sip:nobody@sentinel.invalid SIP/2.0`,
    `Via: SIP/2.0/UDP ${ip}:${port};branch=z9hG4bKsentinel${number}`,
    'From: <sip:sentinel@sentinel.invalid>;tag=1',
    'To: <sip:sentinel@sentinel.invalid>',
    `Call-ID: sentinel-${number}`,
    `CSeq: 1 ${method}`,
    `Max-Forwards: ${hops}`,
    'Content-Length: 0',
    '',
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}
