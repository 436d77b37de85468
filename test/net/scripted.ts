import type { UnsignedAssignment } from '../../src/forwarding/protocol.ts';
import { ForwardingThread } from '../../src/forwarding/thread.ts';
import type { TransportKind } from '../../src/net/transport/transport.ts';
import type { LocalSocket } from '../../src/proxy/routes.ts';
import type { Endpoint } from '../../src/sip/address.ts';
import { endpointFrom } from '../../src/sip/address.ts';

/** A forwarding thread whose decision is the datagram's first line: see scripted.worker.ts. */
export interface Scripted {
  readonly thread: ForwardingThread;
  readonly bugs: { readonly what: string; readonly withheld: number }[];
}

export interface ScriptedOptions {
  readonly transport: TransportKind;
  readonly sockets: readonly string[];
  readonly registrar?: string;
  readonly maxLocalReplies?: number;
  readonly ringBytes?: number;
}

export function at(text: string): Endpoint {
  return endpointFrom(text)!;
}

export function assignmentFor(sockets: readonly string[], registrar: string): UnsignedAssignment {
  const locals: LocalSocket[] = sockets.map((text, index) => ({ index, bound: at(text), sentBy: at(text) }));
  return {
    registrars: [at(registrar)],
    routes: {
      sockets: locals,
      registrar: at(registrar),
      registrarSocket: 0,
      registrarNets: [],
      phoneNets: [],
      facing: [],
      aliasHosts: [],
      contactMode: 'direct',
      rport: 'auto',
      proxyRequire: 'enforce',
      viaCheck: 'enforce',
      stun: 'ignore',
      foreignRoute: 'keep',
    },
  };
}

export function startScripted(options: ScriptedOptions): Scripted {
  const bugs: Scripted['bugs'] = [];
  const thread = new ForwardingThread({
    assignment: assignmentFor(options.sockets, options.registrar ?? '127.77.50.19:9'),
    secrets: [new Uint8Array(32)],
    transport: options.transport,
    cpuPriority: 'normal',
    rehearsal: 'off',
    maxLocalReplies: options.maxLocalReplies ?? 1_000_000,
    durationBoundsSec: [0.001, 1],
    onBug: (what, withheld) => bugs.push({ what, withheld }),
    onShared: () => {},
    module: new URL('./scripted.worker.js', import.meta.url),
    ...(options.ringBytes === undefined ? {} : { ringBytes: options.ringBytes }),
  });
  return { thread, bugs };
}
