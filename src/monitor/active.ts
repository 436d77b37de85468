import type { Pattern } from './lists.ts';
import { PATTERNS } from './lists.ts';

/** Names under one pattern at a time; more are not remembered, only counted as events. */
const MAX_ACTIVE = 100_000;
/** A big attack has so many names that to look at all of them in each of the monitor's turns would be all that it does. */
const LOOK_EVERY_MS = 1000;

/** Who matches a pattern now, and until when. */
export class ActivePatterns {
  private readonly untilMs: Record<Pattern, Map<string, number>>;
  private nowMs = Number.NEGATIVE_INFINITY;
  private lookAtMs = Number.NEGATIVE_INFINITY;

  constructor() {
    const empty = PATTERNS.map((pattern) => [pattern, new Map<string, number>()] as const);
    this.untilMs = Object.fromEntries(empty) as Record<Pattern, Map<string, number>>;
  }

  /** `name` matches until `untilMs`. True where it did not match before. */
  note(pattern: Pattern, name: string, untilMs: number, nowMs: number): boolean {
    const names = this.untilMs[pattern];
    const before = names.get(name);
    const isNew = before === undefined || before <= nowMs;
    if (before !== undefined || names.size < MAX_ACTIVE) names.set(name, untilMs);
    return isNew;
  }

  /** Names that match at the time of the last `advance`. Takes as long as there are names. */
  count(pattern: Pattern): number {
    this.forget(pattern);
    return this.untilMs[pattern].size;
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    if (nowMs < this.lookAtMs) return;
    this.lookAtMs = nowMs + LOOK_EVERY_MS;
    for (const pattern of PATTERNS) this.forget(pattern);
  }

  private forget(pattern: Pattern): void {
    const names = this.untilMs[pattern];
    for (const [name, untilMs] of names) if (untilMs <= this.nowMs) names.delete(name);
  }
}
