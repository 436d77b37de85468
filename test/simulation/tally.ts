import type { ProfileName } from './profiles.ts';
import type { Report } from './world.ts';

/** Many runs added up. */
export class Tally {
  runs = 0;
  readonly failed: Report[] = [];
  private checks = 0;
  private attempts = 0;
  private packets = 0;
  private lives = 0;
  private wrongPasswordAsStale = 0;
  private staleAsFailure = 0;
  readonly runsOf = new Map<ProfileName, number>();
  readonly results = new Map<string, number>();
  readonly changes = new Map<string, number>();

  add(report: Report): void {
    this.runs++;
    if (report.failures.length > 0) this.failed.push(report);
    this.checks += report.checks;
    this.attempts += report.attempts;
    this.packets += report.packets;
    this.lives += report.lives;
    this.wrongPasswordAsStale += report.blindSpots.wrongPasswordAsStale;
    this.staleAsFailure += report.blindSpots.staleAsFailure;
    bump(this.runsOf, report.profile, 1);
    for (const [name, count] of Object.entries(report.results)) bump(this.results, name, count);
    for (const [name, count] of Object.entries(report.changes)) bump(this.changes, name, count);
  }

  summary(): string {
    return [
      `${this.runs} seeds, ${this.failed.length} failed: ${this.attempts} transactions in ${this.packets} packets, ${this.lives} lives of the proxy, ${this.checks} comparisons`,
      `profiles: ${listed(this.runsOf)}`,
      `results: ${listed(this.results)}`,
      `changes: ${listed(this.changes)}`,
      `what the wire can't tell: ${this.wrongPasswordAsStale} wrong passwords told as implicit_stale, ${this.staleAsFailure} stale nonces told as auth_failure`,
    ].join('\n');
  }
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}
