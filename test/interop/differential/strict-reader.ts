import type { Socket } from 'node:dgram';
import { latin1 } from '../../proxy/support/passing.ts';
import type { Lab } from '../support/lab.ts';
import type { Program } from '../support/program.ts';
import { startKamailio } from './kamailio-program.ts';
import { CHECKER, JUDGE, placeText } from './places.ts';
import { Sentinel, TO_KAMAILIO } from './sentinel.ts';
import { socketAt } from './socket-at.ts';

/** What a real Kamailio with all its sanity checks says of a datagram. */
export type Judgement =
  | { readonly kind: 'sane'; readonly reading: ReadonlyMap<string, string> }
  /** Which check failed, or UNREADABLE. */
  | { readonly kind: 'insane'; readonly reason: string };

/** Its parser gave up before any check: of such a message it has not seen everything that is wrong. */
export const UNREADABLE = 'unreadable';

export class StrictReader {
  private readonly sentinel: Sentinel;
  private readonly socket: Socket;
  private readonly heard: string[] = [];

  private constructor(program: Program, socket: Socket) {
    this.sentinel = new Sentinel(program, TO_KAMAILIO);
    this.socket = socket;
    socket.on('message', (bytes) => {
      const text = latin1(bytes);
      if (!this.sentinel.takes(text)) this.heard.push(text);
    });
  }

  static async start(lab: Lab): Promise<StrictReader> {
    const socket = await socketAt(JUDGE);
    const program = startKamailio(lab, 'kamailio-sanity.cfg', {
      CHECKER: `udp:${placeText(CHECKER)}`,
      JUDGE_URI: `"sip:${placeText(JUDGE)}"`,
    });
    const reader = new StrictReader(program, socket);
    await reader.sentinel.ready(socket, JUDGE, CHECKER);
    return reader;
  }

  close(): void {
    this.socket.close();
  }

  async judge(message: string): Promise<Judgement> {
    this.heard.length = 0;
    this.socket.send(Buffer.from(message, 'latin1'), CHECKER.port, CHECKER.ip);
    await this.sentinel.pass(this.socket, JUDGE, CHECKER);
    const [said = ''] = this.heard;
    if (said.startsWith('sane\n')) return { kind: 'sane', reading: readingOf(said) };
    return { kind: 'insane', reason: reasonOf(said) };
  }
}

function readingOf(said: string): ReadonlyMap<string, string> {
  const lines = said.split('\n').slice(1, -1);
  return new Map(
    lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1).trim()]),
  );
}

/** The error of a request, the number of a response's check, or nothing. */
function reasonOf(said: string): string {
  return /^SIP\/\S+ (\d+ [^\r\n]*)/i.exec(said)?.[1] ?? /^insane\n(\d+)/.exec(said)?.[1] ?? UNREADABLE;
}
