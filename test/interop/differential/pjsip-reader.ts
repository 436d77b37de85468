import type { Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { latin1 } from '../../proxy/support/passing.ts';
import { SIP_PORT } from '../support/addresses.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { PROXY } from './places.ts';
import { socketAt } from './socket-at.ts';

/** So many requests are under way at a time. */
const AT_ONCE = 40;
/** How long one waits for the last of them before they are sent again, and how often that is. */
const WAITS_MS = [100, 300, 1000] as const;
const LOOK_EVERY_MS = 10;

/** A request, and the branch of its top Via, which no other has. */
export interface Probe {
  readonly branch: string;
  readonly sent: string;
}

/**
 * Whether pjsip can read a request: it answers what it has parsed (who the sender is it does not know, so mostly with
 * 401), and says nothing to what it has not. We stand where the top Via says, so that the answers come here.
 */
export class PjsipReader {
  private readonly asterisk: Asterisk;
  private readonly sockets: readonly Socket[];
  private readonly answered = new Set<string>();

  private constructor(asterisk: Asterisk, sockets: readonly Socket[]) {
    this.asterisk = asterisk;
    this.sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', (bytes) => {
        const branch = /^SIP\/2\.0 .*?\r\nVia: [^\r\n]*?;branch=([^;,\s]+)/s.exec(latin1(bytes))?.[1];
        if (branch !== undefined) this.answered.add(branch);
      });
    }
  }

  static async connect(asterisk: Asterisk): Promise<PjsipReader> {
    return new PjsipReader(asterisk, await Promise.all(Object.values(PROXY).map(socketAt)));
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }

  /** Those that got no answer. */
  async unanswered(probes: readonly Probe[]): Promise<Probe[]> {
    const left: Probe[] = [];
    for (let from = 0; from < probes.length; from += AT_ONCE) {
      left.push(...(await this.unansweredOf(probes.slice(from, from + AT_ONCE))));
    }
    return left;
  }

  /** An answer may be slow, and a datagram is sent again then; only one that is not read gets none in the end. */
  private async unansweredOf(probes: readonly Probe[]): Promise<Probe[]> {
    const pending = (): Probe[] => probes.filter(({ branch }) => !this.answered.has(branch));
    for (const waitMs of WAITS_MS) {
      for (const { sent } of pending())
        this.sockets[0]?.send(Buffer.from(sent, 'latin1'), SIP_PORT, this.asterisk.ip);
      for (let waitedMs = 0; waitedMs < waitMs && pending().length > 0; waitedMs += LOOK_EVERY_MS) {
        await sleep(LOOK_EVERY_MS);
      }
    }
    return pending();
  }
}
