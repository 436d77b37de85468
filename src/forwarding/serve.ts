import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import { monotonicMs } from '../net/clock.ts';
import { ForwardingCounters } from '../net/counters.ts';
import { CpuPriority } from '../net/cpu-priority.ts';
import type { Decide } from '../net/forwarder.ts';
import { Forwarder } from '../net/forwarder.ts';
import { ReplyLimiter } from '../net/reply-limiter.ts';
import { adviseRing } from '../net/ring/pages.ts';
import { RingWriter } from '../net/ring/writer.ts';
import { openTransport } from '../net/transport/choose.ts';
import type { Transport } from '../net/transport/transport.ts';
import { Decision } from '../proxy/decision.ts';
import type { Signer } from '../proxy/signer.ts';
import { REHEARSED_TRANSACTIONS, Rehearsal } from '../rehearsal/rehearsal.ts';
import type { Stage } from '../rehearsal/stage.ts';
import { createSigner } from '../secrets/signer.ts';
import { endpointText } from '../sip/address.ts';
import { kernel } from '../sip/kernel/kernel.ts';
import type { ControlMessage, WorkerReport, WorkerSetup } from './protocol.ts';
import { signAssignment } from './protocol.ts';

/** The forwarding thread's life: opens the sockets, forwards until it is told to stop, says how it went. */
export async function serveForwarding(setup: WorkerSetup, port: MessagePort, decide: Decide): Promise<void> {
  const report = (message: WorkerReport) => port.postMessage(message);
  const signer = createSigner(setup.secrets);
  const opened = await open(setup, signer, decide, report).catch((error: unknown) => {
    report({ kind: 'unbindable', message: error instanceof Error ? error.message : String(error) });
  });
  if (opened === undefined) return;
  const { transport, forwarder, cpuPriority } = opened;
  let rehearsal: Rehearsal | undefined;
  const rehearsalAt = (stage: Stage) =>
    new Rehearsal({
      stage,
      assignment: forwarder.assigned,
      durationBoundsSec: setup.durationBoundsSec,
      transport: transport.kind,
      decide,
      transactions: REHEARSED_TRANSACTIONS,
      onIntermission: () => report({ kind: 'intermission' }),
      onEnd: (transactions) => report({ kind: 'rehearsed', transactions }),
    });
  const mailbox = new Mailbox(setup.mailbox, port);
  await transport.run(forwarder, () => {
    cpuPriority.look(forwarder.batchAtMs);
    for (let message = mailbox.next(); message !== undefined; message = mailbox.next()) {
      if (message.kind === 'stop') return 'stop';
      if (message.kind === 'assign') forwarder.assign(signAssignment(message.assignment, signer));
      else {
        // Nobody else on the machine, a PBX perhaps, is to wait for it.
        cpuPriority.suspend();
        rehearsal = rehearsalAt({ buffer: setup.memory.buffer, offset: message.offset });
      }
    }
    if (rehearsal === undefined) return 'wait';
    const next = rehearsal.turn(forwarder.batchAtMs);
    if (rehearsal.isOver) {
      rehearsal = undefined;
      cpuPriority.resume();
    }
    return next;
  });
  report({ kind: 'stopped' });
}

interface Opened {
  readonly transport: Transport;
  readonly forwarder: Forwarder;
  readonly cpuPriority: CpuPriority;
}

/** Throws where no transport can be had; the message says what to do. */
async function open(
  setup: WorkerSetup,
  signer: Signer,
  decide: Decide,
  report: (message: WorkerReport) => void,
): Promise<Opened> {
  const assignment = signAssignment(setup.assignment, signer);
  kernel.moveTo(setup.memory, setup.kernelAt);
  const ring = { buffer: setup.memory.buffer, ...setup.ring };
  const tap = new RingWriter(ring, adviseRing(ring));
  const { transport, why } = await openTransport(
    setup.transport,
    { sockets: assignment.routes.sockets, receiveBufferBytes: setup.receiveBufferBytes },
    { bytes: tap.bytes, ...setup.arena },
  );
  const forwarder = new Forwarder({
    transport,
    decide,
    decision: new Decision(),
    assignment,
    counters: new ForwardingCounters(setup.counters, setup.durationBoundsSec),
    tap,
    limiter: new ReplyLimiter(setup.maxLocalReplies, monotonicMs()),
    reportBug: (error, withheld) => report({ kind: 'bug', what: textOf(error), withheld }),
    reportShared: (registrar, error) => report({ kind: 'shared', registrar: endpointText(registrar), error }),
  });
  const cpuPriority = new CpuPriority(setup.cpuPriority);
  report({
    kind: 'bound',
    transport: transport.kind,
    why,
    receiveBufferBytes: transport.receiveBufferBytes,
    priority: cpuPriority.got,
  });
  return { transport, forwarder, cpuPriority };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Control messages, read between two batches and never waited for. */
class Mailbox {
  private readonly posted: Int32Array;
  private readonly port: MessagePort;
  private taken = 0;

  constructor(posted: SharedArrayBuffer, port: MessagePort) {
    this.posted = new Int32Array(posted);
    this.port = port;
  }

  next(): ControlMessage | undefined {
    if (Atomics.load(this.posted, 0) === this.taken) return undefined;
    const received = receiveMessageOnPort(this.port) as { message: ControlMessage } | undefined;
    if (received !== undefined) this.taken++;
    return received?.message;
  }
}
