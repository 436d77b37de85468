import type { CpuPriorityChoice, CpuPriorityGot } from '../net/cpu-priority.ts';
import type { Assignment } from '../net/forwarder.ts';
import type { RingPlace } from '../net/ring/memory.ts';
import type { TransportKind } from '../net/transport/transport.ts';
import type { LocalSocket, Network, Routes } from '../proxy/routes.ts';
import type { Signer } from '../proxy/signer.ts';
import { Endpoint } from '../sip/address.ts';
import type { SharedMemory } from '../sip/kernel/web-assembly.ts';

/** What the two threads say to each other. Routes hold functions, so they cross without their signer. */

export type UnsignedRoutes = Omit<Routes, 'signer'>;

export interface UnsignedAssignment {
  readonly routes: UnsignedRoutes;
  readonly registrars: readonly Endpoint[];
}

/** Given to the worker at its birth. */
export interface WorkerSetup {
  /** Everything else lies in it: ring, arena, and what the worker's kernel needs for itself. */
  readonly memory: SharedMemory;
  readonly ring: Omit<RingPlace, 'buffer'>;
  readonly arena: { readonly offset: number; readonly length: number };
  readonly kernelAt: number;
  readonly counters: SharedArrayBuffer;
  /** Int32: how many control messages were ever posted; looking at it costs less than asking the port. */
  readonly mailbox: SharedArrayBuffer;
  readonly durationBoundsSec: readonly number[];
  readonly secrets: readonly Uint8Array[];
  readonly assignment: UnsignedAssignment;
  readonly transport: TransportKind | 'auto';
  readonly receiveBufferBytes: number;
  readonly cpuPriority: CpuPriorityChoice;
  readonly maxLocalReplies: number;
}

export type ControlMessage =
  | { readonly kind: 'assign'; readonly assignment: UnsignedAssignment }
  /** Plays a rehearsal, at this place in the memory. */
  | { readonly kind: 'rehearse'; readonly offset: number }
  | { readonly kind: 'stop' };

export type WorkerReport =
  | {
      readonly kind: 'bound';
      readonly transport: TransportKind;
      readonly why: string;
      readonly receiveBufferBytes: readonly number[];
      readonly priority: CpuPriorityGot;
    }
  /** No transport: `message` says what to do. */
  | { readonly kind: 'unbindable'; readonly message: string }
  /** A defect of ours dropped a datagram; `withheld` more since the last report. */
  | { readonly kind: 'bug'; readonly what: string; readonly withheld: number }
  /** This registrar has no socket of its own, because of this error. */
  | { readonly kind: 'shared'; readonly registrar: string; readonly error: string }
  /** Half of the rehearsal is played. */
  | { readonly kind: 'intermission' }
  /** The rehearsal is over, after so many transactions. */
  | { readonly kind: 'rehearsed'; readonly transactions: number }
  | { readonly kind: 'stopped' };

/** Gives cloned data its classes back. */
export function signAssignment({ routes, registrars }: UnsignedAssignment, signer: Signer): Assignment {
  return {
    registrars: registrars.map(endpoint),
    routes: {
      ...routes,
      sockets: routes.sockets.map(localSocket),
      registrar: endpoint(routes.registrar),
      registrarNets: routes.registrarNets.map(network),
      phoneNets: routes.phoneNets.map(network),
      facing: routes.facing.map((facing) => ({ ...facing, network: network(facing.network) })),
      signer,
    },
  };
}

function endpoint(cloned: Endpoint): Endpoint {
  return new Endpoint().copyFrom(cloned);
}

function localSocket({ index, bound, sentBy }: LocalSocket): LocalSocket {
  return { index, bound: endpoint(bound), sentBy: endpoint(sentBy) };
}

function network({ base, prefixBits }: Network): Network {
  return { base: endpoint(base), prefixBits };
}
