import { randomBytes } from 'node:crypto';
import type { RunningApp } from '../app.ts';
import { startApp } from '../app.ts';
import type { Config } from '../config.ts';
import type { Crowd } from '../demo/crowd.ts';
import { DEMO_DOMAIN, demoCrowd } from '../demo/crowd.ts';
import { DemoRegistrar } from '../demo/registrar.ts';
import type { Running, RunningPhone } from '../demo/sockets.ts';
import { runPhone, runRegistrar } from '../demo/sockets.ts';
import type { Paint } from '../demo/story.ts';
import { COLOURED, comparison, eventLine, PLAIN, tableHead, tableRow, totalsOf } from '../demo/story.ts';
import type { Event } from '../monitor/events.ts';
import { monotonicMs } from '../net/clock.ts';
import type { Endpoint } from '../sip/address.ts';
import { endpointFrom, endpointText } from '../sip/address.ts';
import type { Command, ExitCode } from './command.ts';
import { complain, signalled } from './command.ts';
import { freeUdpPort, nextFreeTcpPort } from './free-port.ts';
import { givenByFlags } from './given.ts';
import { settingsHelp } from './help.ts';
import type { Setting } from './settings.ts';
import { ownVersion } from './surroundings.ts';
import { HTTP_PORT, wholeNumber } from './values.ts';

const FOR: Setting<number> = {
  key: 'for',
  group: 'Running',
  form: 'SECONDS',
  help: 'end by itself after so long',
  most: 1,
  read: wholeNumber(1, 86_400),
  shownDefault: 'until Ctrl-C',
};

export const DEMO: Command = {
  help: () => `rollcall demo [--for SECONDS]
Everything in this process on ${HOST}, on free ports: simulated phones of many kinds,
Rollcall, and a simulated PBX that authenticates them. Nothing is kept.

${settingsHelp([FOR])}
`,
  execute,
};

const HOST = '127.0.0.1';
const ROW_EVERY_MS = 5_000;
const ROWS_PER_HEAD = 12;
const FIRST_STORM_MS = 12_000;
const STORM_EVERY_MS = 60_000;
/** The PBX is away for so long, and every phone is back at it within half a second. */
const OUTAGE_MS = 2_000;
const STORM_SPREAD_MS = 500;
/** The last answers are waited for this long at most: Ctrl-C must feel like one. */
const SETTLE_MS = 500;
const SETTLE_STEP_MS = 50;

async function execute(args: readonly string[]): Promise<ExitCode> {
  const given = givenByFlags(args, [FOR]);
  const seconds = given.values.get('for')?.map(({ text, place }) => ({ ...FOR.read(text), place })) ?? [];
  const problems = [
    ...given.problems,
    ...seconds.flatMap((reading) => ('problem' in reading ? [`${reading.place}: ${reading.problem}`] : [])),
  ];
  if (problems.length > 0) {
    complain(...problems);
    return 2;
  }
  const last = seconds.at(-1);
  return play(last !== undefined && 'value' in last ? last.value * 1000 : undefined);
}

async function play(forMs: number | undefined): Promise<ExitCode> {
  const stopAsked = signalled('SIGINT', 'SIGTERM');
  const stage = await setStage();
  const timers = startStory(stage);
  const timeIsUp = new Promise<'time is up'>((resolve) => {
    if (forMs !== undefined) timers.push(setTimeout(() => resolve('time is up'), forMs));
  });
  const end = await Promise.race([stopAsked, timeIsUp, stage.app.crashed]);
  for (const timer of timers) clearTimeout(timer);
  await clearStage(stage);
  if (!(end instanceof Error)) return 0;
  complain(`forwarding ended by itself: ${end.message}`);
  return 1;
}

/** Everything that runs. */
interface Stage {
  readonly crowd: Crowd;
  readonly registrar: DemoRegistrar;
  readonly pbx: Running;
  readonly app: RunningApp;
  readonly phones: readonly RunningPhone[];
  readonly paint: Paint;
  readonly startedAtMs: number;
}

async function setStage(): Promise<Stage> {
  const paint = process.stdout.isTTY && !process.env.NO_COLOR ? COLOURED : PLAIN;
  const crowd = demoCrowd(Math.random);
  const registrar = new DemoRegistrar({
    domain: DEMO_DOMAIN,
    passwords: crowd.passwords,
    algorithms: ['MD5'],
    qop: 'auth',
    nonceLifetimeMs: 20_000,
    minExpiresSec: 10,
    maxExpiresSec: 3600,
    defaultExpiresSec: 30,
    maxContacts: 4,
    unknownUsers: 'not_found',
    key: freshKey(),
  });
  const pbx = await runRegistrar(registrar, HOST, 0, monotonicMs);
  const app = await startOnFreePorts(pbx.address, (event) => tellEvent(event, paint));
  const proxy = app.listening[0]!;
  tellStage(crowd, proxy, pbx.address, app, paint);
  const makers = crowd.groups.flatMap((group) => group.phones);
  const phones = await Promise.all(makers.map((make) => runPhone(make, HOST, proxy, monotonicMs)));
  return { crowd, registrar, pbx, app, phones, paint, startedAtMs: monotonicMs() };
}

/** Between finding a port free and taking it somebody else may take it: another demo, say. */
const MAX_STARTS = 5;

async function startOnFreePorts(pbx: Endpoint, onEvent: (event: Event) => void): Promise<RunningApp> {
  const options = { version: ownVersion(), onEvent };
  for (let start = 1; start < MAX_STARTS; start++) {
    const app = await startApp(await configFor(pbx), options).catch(() => undefined);
    if (app !== undefined) return app;
  }
  return startApp(await configFor(pbx), options);
}

function freshKey(): string {
  return randomBytes(16).toString('hex');
}

async function configFor(registrar: Endpoint): Promise<Config> {
  return {
    listen: [at(await freeUdpPort(HOST))],
    advertise: undefined,
    aliasHosts: [],
    registrars: [{ host: HOST, port: registrar.port }],
    registrarNets: undefined,
    registrarLists: 'auto',
    phoneNets: undefined,
    contactMode: 'direct',
    rport: 'auto',
    proxyRequire: 'enforce',
    viaCheck: 'enforce',
    stun: 'ignore',
    foreignRoute: 'keep',
    secretFile: undefined,
    transport: 'auto',
    cpuPriority: 'normal',
    rehearsal: 'off',
    http: at(await nextFreeTcpPort(HOST, HTTP_PORT)),
    aorSeries: 2000,
    aorLabels: 'plain',
    aorDomain: 'keep',
    maxAors: 10_000,
    maxSources: 10_000,
    inventory: undefined,
    maxLocalReplies: 1000,
    logLevel: 'silent',
  };
}

function at(port: number): Endpoint {
  const endpoint = endpointFrom(HOST)!;
  endpoint.port = port;
  return endpoint;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tellStage(crowd: Crowd, proxy: Endpoint, pbx: Endpoint, app: RunningApp, paint: Paint): void {
  const count = crowd.groups.reduce((sum, group) => sum + group.phones.length, 0);
  const url = `http://${app.http.host}:${app.http.port}/metrics`;
  tell(paint.strong(`${count} phones → Rollcall at ${endpointText(proxy)} → a PBX at ${endpointText(pbx)}`));
  for (const { what, phones } of crowd.groups) tell(`${String(phones.length).padStart(4)} ${what}`);
  tell('');
  tell(`Open  ${paint.strong(url)}`);
  tell(`or    curl -s ${url} | grep rollcall_aor_auth_failures_total`);
  tell('Stop with Ctrl-C. The PBX restarts after 12 s, then every minute: watch all phones come back.');
  tell('');
}

function tellEvent(event: Event, paint: Paint): void {
  const line = eventLine(event);
  if (line !== undefined) tell(paint.alarm(line));
}

function startStory(stage: Stage): NodeJS.Timeout[] {
  const { app, paint, startedAtMs } = stage;
  let before = totalsOf(app.monitor);
  let toldAtMs = startedAtMs;
  let rows = 0;
  const tellRow = () => {
    const nowMs = monotonicMs();
    const now = totalsOf(app.monitor);
    if (rows++ % ROWS_PER_HEAD === 0) tell(paint.quiet(tableHead()));
    tell(tableRow((nowMs - startedAtMs) / 1000, now, before, (nowMs - toldAtMs) / 1000));
    before = now;
    toldAtMs = nowMs;
  };
  const timers: NodeJS.Timeout[] = [setInterval(tellRow, ROW_EVERY_MS)];
  const first = setTimeout(() => {
    restartPbx(stage);
    timers.push(setInterval(() => restartPbx(stage), STORM_EVERY_MS));
  }, FIRST_STORM_MS);
  timers.push(first);
  return timers;
}

/** The PBX loses what it knew, and every phone wants back in at once. */
function restartPbx({ registrar, phones, paint }: Stage): void {
  const nowMs = monotonicMs();
  tell(paint.alarm(`The PBX restarts: silent for ${OUTAGE_MS / 1000} s, bindings forgotten, nonces void.`));
  registrar.restart(nowMs, OUTAGE_MS, freshKey());
  for (const { phone, wake } of phones) {
    phone.registerAgain(nowMs + Math.random() * STORM_SPREAD_MS);
    wake();
  }
}

/** Phones first, so that what was counted can be held against what happened. */
async function clearStage({ phones, app, pbx, registrar }: Stage): Promise<void> {
  for (const phone of phones) phone.hush();
  await settle(app, registrar);
  tell('');
  for (const line of comparison(totalsOf(app.monitor), registrar.verdicts)) tell(line);
  await Promise.all(phones.map((phone) => phone.stop()));
  await app.stop();
  await pbx.stop();
}

/** Until nothing is under way any more, and nothing has happened for a step. */
async function settle(app: RunningApp, registrar: DemoRegistrar): Promise<void> {
  const happened = () => Object.values(registrar.verdicts).reduce((sum, count) => sum + count, 0);
  let before = -1;
  for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += SETTLE_STEP_MS) {
    if (app.monitor.inFlight === 0 && happened() === before) return;
    before = happened();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_STEP_MS));
  }
}
