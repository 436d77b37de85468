import { EXPIRY_GRACE_MS } from '../../src/monitor/binding.ts';
import type { Event } from '../../src/monitor/events.ts';
import { Tapped } from '../../src/monitor/tapped.ts';
import type { Address } from './address.ts';
import { address } from './address.ts';
import { Attacker } from './attacker.ts';
import type { Snapshot, Watched } from './compare.ts';
import { broken, differences, registrarDifferences, snapshot } from './compare.ts';
import { describe, titleOf } from './describe.ts';
import { planFault } from './faults.ts';
import { Network, PERFECT_LINK } from './network.ts';
import { Phone } from './phone.ts';
import { Prng } from './prng.ts';
import type { ProfileName } from './profiles.ts';
import { ProxyNode } from './proxy-node.ts';
import { Registrar } from './registrar.ts';
import type { Fault, Scenario } from './scenario.ts';
import { EMPTY_MS, LIVELY_MS, QUIET_MS } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { Surroundings } from './surroundings.ts';
import type { TapReader, TapRecord } from './tap.ts';
import { Tap } from './tap.ts';
import { Truth } from './truth.ts';

/** The monitor under test. */
export interface MonitorUnderTest extends Watched {
  observe(tapped: Tapped): void;
  advance(nowMs: number): void;
  noteTapLoss(records: number, nowMs: number): void;
}

export interface MonitorSettings {
  readonly registrarLists: 'auto' | 'all' | 'own';
}

export type MakeMonitor = (settings: MonitorSettings, emit: (event: Event) => void) => MonitorUnderTest;

/** What came of a run. */
export interface Report {
  readonly seed: number;
  /** The scenario in a few words. */
  readonly title: string;
  readonly profile: ProfileName;
  readonly failures: readonly string[];
  readonly checks: number;
  readonly events: number;
  readonly packets: number;
  readonly lives: number;
  readonly attempts: number;
  readonly results: Readonly<Record<string, number>>;
  readonly changes: Readonly<Record<string, number>>;
  readonly blindSpots: { readonly wrongPasswordAsStale: number; readonly staleAsFailure: number };
  /** All that the last monitor counted, for comparing two runs. */
  readonly counters: readonly number[];
}

/** Marks a failure in the trace. */
export const FAILED = 'FAILED';

const TICK_MS = 1000;
const CHECK_GAP_MS = 25_000;
const CHECK_AGAIN_MS = 900;
const MAX_POSTPONED = 60;
const MAX_FAILURES = 12;
/** 2024-01-01: an arbitrary wall clock. */
const WALL_BASE_MS = 1_704_067_200_000;

/** One run: the phones, the attackers, the network, the proxy with its monitor, the registrar, and the truth about them all. */
export class World implements Surroundings, TapReader {
  readonly scheduler = new Scheduler();
  readonly network: Network;
  readonly proxy: Address = address('10.9.0.1', 5060);
  readonly challengeStatus: 401 | 407;
  readonly expiresChoices: readonly number[];
  readonly contactUris = new Map<string, string>();
  private readonly scenario: Scenario;
  private readonly makeMonitor: MakeMonitor;
  private readonly trace: ((line: string) => void) | undefined;
  private readonly registrar: Registrar;
  private readonly proxyNode: ProxyNode;
  private readonly tap: Tap;
  private readonly tapped = new Tapped();
  private readonly phones: Phone[] = [];
  private readonly checkPrng: Prng;
  private readonly failures: string[] = [];
  private readonly totals = { results: new Map<string, number>(), changes: new Map<string, number>() };
  private readonly blindSpots = { wrongPasswordAsStale: 0, staleAsFailure: 0 };
  private monitor: MonitorUnderTest;
  private truth: Truth;
  private before: Snapshot | undefined;
  private wallOffsetMs = 0;
  private ids = 0;
  private quiet = false;
  private checks = 0;
  private lives = 1;
  private attempts = 0;
  private downs = 0;

  constructor(scenario: Scenario, makeMonitor: MakeMonitor, trace: ((line: string) => void) | undefined) {
    this.scenario = scenario;
    this.makeMonitor = makeMonitor;
    this.trace = trace;
    this.challengeStatus = scenario.profile.challengeStatus;
    this.expiresChoices = scenario.expiresChoices;
    const prng = new Prng(scenario.seed ^ 0x5eed);
    this.checkPrng = prng.fork('checks');
    this.network = new Network(this.scheduler, prng.fork('network'), scenario.links);
    this.tap = new Tap(this, this.scheduler, prng.fork('tap'), scenario.rings);
    const at = address('10.9.0.2', 5060);
    const nowMs = (): number => this.scheduler.nowMs;
    this.proxyNode = new ProxyNode(this.network, this.proxy, at, scenario.contactMode, this.tap, nowMs);
    this.registrar = new Registrar(
      scenario.profile,
      at,
      this.scheduler,
      this.network,
      prng.fork('registrar'),
      () => this.wallMs(),
    );
    this.monitor = this.newMonitor();
    this.truth = this.newTruth();
    scenario.phones.forEach((traits) => {
      this.phones.push(new Phone(traits, this, prng.fork(traits.name)));
    });
    scenario.attacks.forEach((plan) => {
      new Attacker(plan, this, prng.fork(`attacker${plan.number}`));
    });
    for (const fault of scenario.faults) this.planFault(fault);
  }

  run(): Report {
    this.planTick();
    this.planCheck();
    this.scheduler.runUntil(LIVELY_MS);
    this.becomeQuiet();
    this.scheduler.runUntil(LIVELY_MS + QUIET_MS);
    this.checkRegistrar(0);
    this.scheduler.runUntil(this.scheduler.nowMs + 1);
    for (const phone of this.phones) phone.die();
    this.scheduler.runUntil(LIVELY_MS + QUIET_MS + EMPTY_MS);
    this.checkEmpty();
    this.addUp();
    return this.report();
  }

  // --- what phones find around them ---

  nextId(): number {
    return ++this.ids;
  }

  isQuiet(): boolean {
    return this.quiet;
  }

  note(text: () => string): void {
    this.trace?.(`${(this.scheduler.nowMs / 1000).toFixed(3)} ${text()}`);
  }

  private wallMs(): number {
    return WALL_BASE_MS + this.scheduler.nowMs + this.wallOffsetMs;
  }

  // --- what the tap reads out to ---

  happened(record: TapRecord): void {
    this.note(() => describe(record));
    const { about, source, atMs } = record;
    if (about.kind === 'request') this.truth.request(about.transaction, source, atMs);
    else this.truth.response(about.transaction, about.reply, source, atMs);
  }

  observed(record: TapRecord): void {
    const { tapped } = this;
    tapped.atMs = record.atMs;
    tapped.kind = record.kind;
    tapped.phone.copyFrom(record.phone);
    tapped.registrar.copyFrom(record.registrar);
    tapped.bytes = record.bytes;
    tapped.start = 0;
    tapped.end = record.bytes.length;
    tapped.transaction = record.transaction;
    this.monitor.observe(tapped);
  }

  lost(records: number): void {
    this.note(() => `the tap lost ${records} records`);
    this.monitor.noteTapLoss(records, this.scheduler.nowMs);
  }

  // --- faults ---

  private planFault(fault: Fault): void {
    planFault(fault, {
      scheduler: this.scheduler,
      network: this.network,
      registrar: this.registrar,
      tap: this.tap,
      phones: this.phones,
      stopProxy: () => this.stopProxy(),
      startProxy: () => this.startProxy(),
      stepWall: (ms) => {
        this.wallOffsetMs += ms;
      },
      note: (text) => this.note(text),
    });
  }

  /** The process ends, and its memory with it. */
  private stopProxy(): void {
    this.downs++;
    if (this.downs > 1) return;
    this.tap.drain();
    this.check();
    this.addUp();
    this.proxyNode.isDown = true;
  }

  private startProxy(): void {
    this.downs--;
    if (this.downs > 0) return;
    this.lives++;
    this.proxyNode.restart();
    this.proxyNode.isDown = false;
    this.before = undefined;
    this.monitor = this.newMonitor();
    this.truth = this.newTruth();
  }

  private newMonitor(): MonitorUnderTest {
    const { registrarLists } = this.scenario;
    const monitor = this.makeMonitor({ registrarLists }, (event) =>
      this.note(() => `event ${JSON.stringify(event)}`),
    );
    monitor.advance(this.scheduler.nowMs);
    return monitor;
  }

  private newTruth(): Truth {
    const { registrarLists, profile } = this.scenario;
    const lists = registrarLists === 'auto' ? profile.lists : registrarLists;
    return new Truth(this.scheduler.nowMs, { lists, graceMs: EXPIRY_GRACE_MS });
  }

  private becomeQuiet(): void {
    this.note(() => 'quiet');
    this.quiet = true;
    this.network.heal(PERFECT_LINK);
    this.registrar.mode = 'well';
    this.tap.overrun = 0;
  }

  // --- comparing ---

  private planTick(): void {
    this.scheduler.in(TICK_MS, () => {
      // What waits in the rings is older than the tick: the drain comes first, as in the real one.
      this.tap.drain();
      this.monitor.advance(this.scheduler.nowMs);
      this.planTick();
    });
  }

  private planCheck(): void {
    this.scheduler.in(this.checkPrng.gap(CHECK_GAP_MS), () => {
      if (this.downs === 0) this.checkSoon(0);
      this.planCheck();
    });
  }

  /** Compares as soon as nothing hangs on the grain of time. */
  private checkSoon(postponed: number): void {
    if (this.downs > 0 || postponed > MAX_POSTPONED) return;
    if (this.truth.isUndecidedAt(this.scheduler.nowMs)) {
      this.scheduler.in(CHECK_AGAIN_MS, () => this.checkSoon(postponed + 1));
    } else this.check();
  }

  private check(): void {
    const { nowMs } = this.scheduler;
    this.tap.drain();
    this.monitor.advance(nowMs);
    this.truth.advance(nowMs);
    this.checks++;
    this.fail(broken(this.monitor, this.before));
    this.before = snapshot(this.monitor);
    if (this.scenario.level === 'exact' && !this.truth.isUndecidedAt(nowMs)) {
      this.fail(differences(this.monitor, this.truth, this.contactUris));
    }
  }

  /** After a quiet time longer than any grant, ledger and registrar must agree, whatever was lost before. */
  private checkRegistrar(postponed: number): void {
    if (this.truth.inFlight > 0 && postponed < MAX_POSTPONED) {
      this.scheduler.runUntil(this.scheduler.nowMs + CHECK_AGAIN_MS);
      this.checkRegistrar(postponed + 1);
      return;
    }
    this.check();
    this.fail(
      registrarDifferences(
        this.monitor,
        this.registrar.location,
        this.truth.ledger,
        this.contactUris,
        this.scheduler.nowMs,
      ),
    );
  }

  private checkEmpty(): void {
    this.check();
    const left = [...this.monitor.aors()];
    if (left.length > 0) this.fail([`every phone is gone, and the monitor still has ${left.join()}`]);
    if (this.monitor.inFlight !== 0)
      this.fail([`nothing is under way, and the monitor has ${this.monitor.inFlight} in flight`]);
  }

  private fail(texts: readonly string[]): void {
    for (const text of texts) {
      if (this.failures.length >= MAX_FAILURES) return;
      const line = `${(this.scheduler.nowMs / 1000).toFixed(3)} s: ${text}`;
      this.failures.push(line);
      this.note(() => `${FAILED} ${text}`);
    }
  }

  private addUp(): void {
    const { truth } = this;
    for (const [kind, count] of Object.entries(truth.results)) add(this.totals.results, kind, count);
    for (const [kind, count] of Object.entries(truth.ledger.changes)) add(this.totals.changes, kind, count);
    for (const count of Object.values(truth.attempts)) this.attempts += count;
    this.blindSpots.wrongPasswordAsStale += truth.blindSpots.wrongPasswordAsStale;
    this.blindSpots.staleAsFailure += truth.blindSpots.staleAsFailure;
  }

  private report(): Report {
    return {
      seed: this.scenario.seed,
      title: titleOf(this.scenario),
      profile: this.scenario.profile.name,
      failures: this.failures,
      checks: this.checks,
      events: this.scheduler.eventsRun,
      packets: this.network.sent,
      lives: this.lives,
      attempts: this.attempts,
      results: Object.fromEntries(this.totals.results),
      changes: Object.fromEntries(this.totals.changes),
      blindSpots: this.blindSpots,
      counters: snapshot(this.monitor).counters,
    };
  }
}

function add(totals: Map<string, number>, key: string, count: number): void {
  totals.set(key, (totals.get(key) ?? 0) + count);
}
