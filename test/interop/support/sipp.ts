import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { SIP_PORT } from './addresses.ts';
import { REGISTRAR_DOMAIN } from './kamailio.ts';
import type { Lab } from './lab.ts';
import { readyPart } from './parts.ts';
import type { UserRange } from './sipp-users.ts';
import { usersFile } from './sipp-users.ts';

const DEFAULT_LIMIT_SEC = 60;
/** On top of SIPp's own time limit, which it may take a while to notice. */
const GRACE_MS = 10_000;
const DEFAULT_RATE_PER_SEC = 500;
const PHONE_PORT = 6060;

/** A file under test/interop/parts/sipp/. */
export type SippScenario =
  | 'register'
  | 'register-refused'
  | 'register-stale'
  | 'refresh'
  | 'unregister'
  | 'query';

export interface SippOptions {
  readonly scenario: SippScenario;
  /** Where the phones send to: Rollcall, or the registrar itself. */
  readonly target: { readonly ip: string; readonly port?: number };
  /** The phones' address; all calls share one socket. */
  readonly localIp: string;
  /** Default 6060. One port for the same phones again: their Contact is made of it. */
  readonly localPort?: number;
  /** One call per user. */
  readonly users: UserRange;
  /** New calls per second. Default 500. */
  readonly ratePerSec?: number;
  /** What the phones ask for. Default 600. */
  readonly expiresSec?: number;
  /** The scenario's pause, where it has one. Default 0. */
  readonly pauseMs?: number;
  /**
   * After how long without an answer a request is sent again. Default 500. Longer where all depends on each being
   * sent once: on a busy machine SIPp takes the answer to a copy for the answer to what it has sent since.
   */
  readonly resendAfterMs?: number;
  /** Default 60. */
  readonly limitSec?: number;
}

export interface SippResult {
  /** Calls that were begun: one per user. */
  readonly sent: number;
  /** Calls that went as the scenario says, to its end. */
  readonly ok: number;
  readonly failed: number;
  /** Requests sent once more because no answer came in time. */
  readonly retransmissions: number;
  readonly exitCode: number;
  /** SIPp's own account of what it did not expect; empty when all went well. */
  readonly errors: string;
}

/** SIPp's statistics: a semicolon file with a line per period; the last one has the totals, in columns named `…(C)`. */
function totals(path: string): (column: string) => number {
  const lines = existsSync(path) ? readFileSync(path, 'latin1').trimEnd().split('\n') : [];
  const names = lines[0]?.split(';') ?? [];
  const values = lines.at(-1)?.split(';') ?? [];
  return (column) => {
    const value = Number(values[names.indexOf(column)]);
    if (Number.isNaN(value)) throw new Error(`SIPp's statistics have no number for ${column}`);
    return value;
  };
}

/** The scenario's file, with another time before a request is sent again where that is asked for. */
function scenarioFile(lab: Lab, scenario: SippScenario, resendAfterMs: number | undefined): string {
  const path = join(REPO_ROOT, 'test', 'interop', 'parts', 'sipp', `${scenario}.xml`);
  if (resendAfterMs === undefined) return path;
  const patient = lab.path(`${scenario}.xml`);
  const text = readFileSync(path, 'latin1');
  writeFileSync(patient, text.replaceAll('retrans="500"', `retrans="${resendAfterMs}"`), 'latin1');
  return patient;
}

/** Runs a scenario once per user and waits for its end; a call that fails is a figure, not an error. */
export async function runSipp(lab: Lab, options: SippOptions): Promise<SippResult> {
  const { scenario, target, localIp, users, limitSec = DEFAULT_LIMIT_SEC } = options;
  const part = readyPart('sipp');
  const statistics = lab.path('statistics.csv');
  const errors = lab.path('errors.log');
  const program = lab.start({
    name: `sipp ${scenario}`,
    // Where it would write anything unasked.
    cwd: lab.dir,
    env: { ...part.env, TERM: 'dumb' },
    command: [
      'sipp',
      `${target.ip}:${target.port ?? SIP_PORT}`,
      ...['-sf', scenarioFile(lab, scenario, options.resendAfterMs)],
      ...['-inf', usersFile(lab, users), '-m', `${users.count}`, '-l', `${users.count}`],
      ...['-i', localIp, '-p', `${options.localPort ?? PHONE_PORT}`],
      ...['-key', 'domain', REGISTRAR_DOMAIN, '-auth_uri', REGISTRAR_DOMAIN],
      ...['-key', 'expires', `${options.expiresSec ?? 600}`, '-d', `${options.pauseMs ?? 0}`],
      ...[
        '-r',
        `${options.ratePerSec ?? DEFAULT_RATE_PER_SEC}`,
        '-timeout',
        `${limitSec}s`,
        '-timeout_error',
      ],
      ...['-trace_stat', '-stf', statistics, '-fd', '1', '-trace_err', '-error_file', errors],
      ...['-nostdin', '-skip_rlimit'],
    ],
  });
  const timer = new AbortController();
  const tooLate = sleep(limitSec * 1000 + GRACE_MS, undefined, { signal: timer.signal }).then(() => -1);
  const exitCode = await Promise.race([program.ended, tooLate.catch(() => -1)]);
  timer.abort();
  await program.stop();
  const said = existsSync(errors) ? readFileSync(errors, 'latin1') : '';
  // 0: all calls good, 1: some failed. All else: it did not get that far.
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`${program.lastWords()}\n${said.slice(0, 2000)}`);
  const total = totals(statistics);
  return {
    sent: total('TotalCallCreated'),
    ok: total('SuccessfulCall(C)'),
    failed: total('FailedCall(C)'),
    retransmissions: total('Retransmissions(C)'),
    exitCode,
    errors: said,
  };
}
