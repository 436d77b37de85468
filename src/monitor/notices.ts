import { LRUCache } from 'lru-cache';
import type { EventGate } from './event-gate.ts';
import type { NoticeEvent } from './events.ts';

/** The same notice about the same AOR is told no more often than this. */
export const NOTICE_INTERVAL_MS = 600_000;
const MAX_REMEMBERED = 10_000;

/** Tells notices, each at most once in a while per AOR: a phone that is odd is odd with every refresh. */
export class Notices {
  private readonly gate: EventGate;
  private readonly toldAtMs = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(gate: EventGate) {
    this.gate = gate;
  }

  tell(notice: NoticeEvent['notice'], aor: string, detail: string, nowMs: number): void {
    const key = `${notice} ${aor}`;
    const toldAtMs = this.toldAtMs.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < NOTICE_INTERVAL_MS) return;
    if (!this.gate.isOpen(nowMs)) return;
    this.toldAtMs.set(key, nowMs);
    this.gate.tell({ kind: 'notice', atMs: nowMs, notice, aor, detail });
  }
}
