import type { Config } from '../../src/config.ts';
import type { Log, LogSink } from '../../src/log.ts';
import { createLog } from '../../src/log.ts';
import { endpointFrom } from '../../src/sip/address.ts';

/** A configuration as `rollcall run` would make it, with a secret of its own and any free HTTP port. */
export function config(
  own: Partial<Config> & { readonly listenOn: string; readonly registrarAt: string },
): Config {
  const { listenOn, registrarAt, ...rest } = own;
  const registrar = endpointFrom(registrarAt)!;
  return {
    listen: [endpointFrom(listenOn)!],
    advertise: undefined,
    aliasHosts: [],
    registrars: [{ host: registrarAt.slice(0, registrarAt.lastIndexOf(':')), port: registrar.port }],
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
    http: endpointFrom('127.77.50.1:1')!,
    aorSeries: 100,
    aorLabels: 'plain',
    aorDomain: 'keep',
    maxAors: 1000,
    maxSources: 1000,
    inventory: undefined,
    maxLocalReplies: 1000,
    logLevel: 'info',
    ...rest,
  };
}

/** A log that keeps its lines, parsed. */
export function keptLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const sink: LogSink = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { log: createLog('debug', sink), lines };
}

/** A REGISTER as a phone at `sentBy` sends it. */
export function register(sentBy: string, number: number, extra = ''): string {
  return [
    'REGISTER sip:iptlab.com SIP/2.0',
    `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK${number};rport`,
    'Max-Forwards: 70',
    `To: <sip:${number}@iptlab.com>`,
    `From: <sip:${number}@iptlab.com>;tag=${number}`,
    `Call-ID: ${number}@${sentBy}`,
    'CSeq: 7 REGISTER',
    `Contact: <sip:${number}@${sentBy}>;expires=360`,
    `${extra}Content-Length: 0`,
    '',
    '',
  ].join('\r\n');
}

/** What a registrar says to `request`: its Vias, From, To, Call-ID and CSeq, and a status. */
export function response(request: string, statusLine: string, extra = ''): string {
  const kept = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq|Contact):/.test(line));
  return [`SIP/2.0 ${statusLine}`, ...kept, `${extra}Content-Length: 0`, '', ''].join('\r\n');
}

/** Of what a log line may hold, what the tests look at. */
export interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly transport?: string;
  readonly event?: string;
  readonly withheld?: number;
  readonly to?: string;
  readonly cpuPriority?: string;
  readonly reason?: string;
  readonly requests?: number;
  readonly transactions?: number;
}
