import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openTransport } from './net/choose.ts';
import { monotonicMs } from './net/clock.ts';
import { ForwardingCounters } from './net/counters.ts';
import { Forwarder } from './net/forwarder.ts';
import { ReplyLimiter } from './net/reply-limiter.ts';
import { RingWriter } from './net/ring.ts';
import type { Transport } from './net/transport.ts';
import { decide } from './proxy/decide.ts';
import { Decision } from './proxy/decision.ts';
import { createSigner } from './signer.ts';
import type { ControlMessage, WorkerReport, WorkerSetup } from './worker-protocol.ts';
import { signAssignment } from './worker-protocol.ts';

/** Composition root of the forwarding thread: sockets, decide, ring. It ends when it is told to stop. */

const setup = workerData as WorkerSetup;

function report(message: WorkerReport): void {
  parentPort!.postMessage(message);
}

/** Control messages, read between two batches and never waited for. */
class Mailbox {
  private readonly posted = new Int32Array(setup.mailbox);
  private taken = 0;

  next(): ControlMessage | undefined {
    if (Atomics.load(this.posted, 0) === this.taken) return undefined;
    const received = receiveMessageOnPort(parentPort!) as { message: ControlMessage } | undefined;
    if (received !== undefined) this.taken++;
    return received?.message;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Throws where no transport can be had; the message says what to do. */
async function open(): Promise<{ readonly transport: Transport; readonly forwarder: Forwarder }> {
  const assignment = signAssignment(setup.assignment, signer);
  const tap = new RingWriter(setup.ring);
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
  });
  report({ kind: 'bound', transport: transport.kind, why, receiveBufferBytes: transport.receiveBufferBytes });
  return { transport, forwarder };
}

async function serve(transport: Transport, forwarder: Forwarder): Promise<void> {
  const mailbox = new Mailbox();
  await transport.run(forwarder, () => {
    for (let message = mailbox.next(); message !== undefined; message = mailbox.next()) {
      if (message.kind === 'stop') return 'stop';
      forwarder.assign(signAssignment(message.assignment, signer));
    }
    return 'go on';
  });
  report({ kind: 'stopped' });
}

const signer = createSigner(setup.secrets);
const opened = await open().catch((error: unknown) => {
  report({ kind: 'unbindable', message: error instanceof Error ? error.message : String(error) });
});
if (opened !== undefined) await serve(opened.transport, opened.forwarder);
