import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { SIP_PORT } from './addresses.ts';
import { REGISTRAR_DOMAIN } from './kamailio.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import type { TracedMessage } from './sip-trace.ts';
import { openTrace } from './sip-trace.ts';
import { waitUntil } from './wait-until.ts';

const DEFAULT_HANG_UP_AFTER_MS = 1500;
const DEFAULT_REGISTER_EVERY_SEC = 20;
const REGISTER_LIMIT_MS = 60_000;
/** SIPp asks for news every millisecond: a few dozen of them would keep two processors busy with nothing. */
const TIMER_SLACK_MS = 20;

export interface PhoneOptions {
  readonly user: string;
  /** Default: pw-USER. */
  readonly password?: string;
  /** The user part of its Contact. Default: the user. */
  readonly contactUser?: string;
  readonly ip: string;
  /** Default 5060. */
  readonly port?: number;
  /** Where it sends everything. */
  readonly proxy: { readonly ip: string; readonly port?: number };
  /** Default: ours. */
  readonly namespace?: Namespace;
  /** Whether it picks up when called. Default: answers. */
  readonly whenCalled?: 'answers' | 'rings';
  /** How long it waits for the other side to hang up until it does so itself. Default 1500. */
  readonly hangUpAfterMs?: number;
  /** Default 20. */
  readonly registerEverySec?: number;
  /** What it asks for. Default 600. */
  readonly expiresSec?: number;
}

/** A phone that keeps itself registered and can be called. */
export interface Phone {
  readonly user: string;
  readonly ip: string;
  readonly port: number;
  readonly program: Program;
  /** All that it has sent and received, in order. */
  trace(): TracedMessage[];
  /** Resolves at the first 200 to a REGISTER. */
  registered(): Promise<void>;
  /** Resolves when, from now on, it has registered anew, or been refused. */
  registeredAnew(): Promise<void>;
  kill(): Promise<void>;
}

type PhoneScenario = 'register' | 'answer' | 'ring' | 'call' | 'cancel';

/** The scenario's file, filled in. */
function scenario(lab: Lab, name: PhoneScenario, hangUpAfterMs = DEFAULT_HANG_UP_AFTER_MS): string {
  const path = lab.path(`${name}.xml`);
  const text = readFileSync(join(REPO_ROOT, 'test', 'interop', 'parts', 'phone', `${name}.xml`), 'latin1');
  writeFileSync(path, text.replaceAll('"HANG_UP_AFTER_MS"', `"${hangUpAfterMs}"`), 'latin1');
  return path;
}

let mediaPorts = 0;

interface SippPhone extends Pick<PhoneOptions, 'user' | 'password' | 'ip' | 'port' | 'proxy' | 'namespace'> {
  readonly name: string;
  readonly flags: readonly string[];
}

function startSipp(lab: Lab, phone: SippPhone, tracePath: string): Program {
  const { user, password = `pw-${user}`, ip, port = SIP_PORT, proxy, namespace } = phone;
  // Phones of one address need media ports of their own, though no media is sent.
  mediaPorts = (mediaPorts + 8) % 20_000;
  const command = [
    'sipp',
    `${proxy.ip}:${proxy.port ?? SIP_PORT}`,
    ...phone.flags,
    ...['-i', ip, '-p', `${port}`, '-mp', `${30_000 + mediaPorts}`],
    ...['-key', 'domain', REGISTRAR_DOMAIN, '-key', 'user', user],
    ...['-au', user, '-ap', password, '-auth_uri', REGISTRAR_DOMAIN],
    // What it does not expect, a repeated answer say, it lets pass as phones do; and it is not soon discouraged.
    ...['-default_behaviors', '-abortunexp', '-max_non_invite_retrans', '20', '-max_invite_retrans', '20'],
    ...['-trace_msg', '-message_file', tracePath, '-nostdin', '-skip_rlimit'],
  ] as const;
  const { env } = readyPart('sipp');
  return lab.start({
    name: phone.name,
    cwd: lab.dir,
    env: { ...env, TERM: 'dumb' },
    timerSlackMs: TIMER_SLACK_MS,
    command: namespace ? namespace.command(...command) : command,
  });
}

export function startPhone(lab: Lab, options: PhoneOptions): Phone {
  const { user, ip, port = SIP_PORT } = options;
  const tracePath = lab.path('messages.log');
  const otherHalf = scenario(lab, options.whenCalled === 'rings' ? 'ring' : 'answer', options.hangUpAfterMs);
  const flags = [
    ...['-sf', scenario(lab, 'register'), '-oocsf', otherHalf],
    ...['-key', 'contact', options.contactUser ?? user, '-key', 'expires', `${options.expiresSec ?? 600}`],
    ...['-d', `${(options.registerEverySec ?? DEFAULT_REGISTER_EVERY_SEC) * 1000}`],
    // A registration that is given up is begun anew, as by any phone, in what SIPp takes for another call: where a NAT
    // gives a phone another port while a 200 is under way, the PBX sends each copy of it to the old one.
    ...['-l', '1', '-r', '1', '-m', '1000'],
  ];
  const program = startSipp(lab, { ...options, name: `phone ${user} at ${ip}:${port}`, flags }, tracePath);
  const trace = openTrace(tracePath);
  /** How many of its REGISTERs have been accepted or refused for good. */
  const concluded = (...statuses: readonly number[]): number =>
    trace().filter(({ direction, method, status }) => {
      return direction === 'received' && method === 'REGISTER' && statuses.includes(status);
    }).length;
  const wait = (what: string, isSo: () => boolean): Promise<true> =>
    waitUntil(`${what} of ${user} at ${ip}:${port}`, () => (isSo() ? true : undefined), {
      withinMs: REGISTER_LIMIT_MS,
      everyMs: 100,
      program,
    });
  return {
    user,
    ip,
    port,
    program,
    trace,
    registered: async () => {
      await wait('a registration', () => concluded(200) > 0);
    },
    registeredAnew: async () => {
      // The first may be the answer to a REGISTER that was on its way already.
      const enough = concluded(200, 403) + 2;
      await wait('a new registration', () => concluded(200, 403) >= enough);
    },
    kill: program.kill,
  };
}

export interface CallerOptions
  extends Pick<PhoneOptions, 'user' | 'password' | 'ip' | 'port' | 'proxy' | 'namespace'> {
  /** Whom it calls. */
  readonly to: string;
  /**
   * `hangs up`: soon after the answer; `is hung up on`: the other side is expected to be first; `cancels`: when it
   * has rung for a while.
   */
  readonly ending: 'hangs up' | 'is hung up on' | 'cancels';
  /** How long it talks until it hangs up, or lets it ring until it cancels. Default 1000. */
  readonly afterMs?: number;
}

/** One call by a phone. */
export interface Call {
  readonly program: Program;
  trace(): TracedMessage[];
  /** Resolves when the call is over, to whether it went from INVITE to its end as intended. */
  readonly ended: Promise<'as intended' | 'otherwise'>;
}

/** How long a caller waits at most that is to be hung up on. */
const AT_MOST_MS = 50_000;

export function startCall(lab: Lab, options: CallerOptions): Call {
  const { user, to, ip, ending, afterMs = 1000 } = options;
  const tracePath = lab.path('messages.log');
  const hangUpAfterMs = ending === 'hangs up' ? afterMs : AT_MOST_MS;
  const flags = [
    ...['-sf', scenario(lab, ending === 'cancels' ? 'cancel' : 'call', hangUpAfterMs)],
    ...['-key', 'to', to, '-d', `${afterMs}`, '-m', '1', '-timeout', '60s', '-timeout_error'],
  ];
  const program = startSipp(
    lab,
    { ...options, name: `call from ${user} at ${ip} to ${to}`, flags },
    tracePath,
  );
  return {
    program,
    trace: openTrace(tracePath),
    ended: program.ended.then((code) => (code === 0 ? 'as intended' : 'otherwise')),
  };
}
