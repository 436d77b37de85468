import type { Pattern } from './lists.ts';
import { PATTERNS } from './lists.ts';

/** Names under one pattern at a time; more are not remembered, only counted as events. */
const MAX_ACTIVE = 100_000;

/** Who matches a pattern now, and until when. */
export class ActivePatterns {
  private readonly untilMs: Record<Pattern, Map<string, number>>;

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

  count(pattern: Pattern): number {
    return this.untilMs[pattern].size;
  }

  advance(nowMs: number): void {
    for (const pattern of PATTERNS) {
      const names = this.untilMs[pattern];
      for (const [name, untilMs] of names) if (untilMs <= nowMs) names.delete(name);
    }
  }
}
