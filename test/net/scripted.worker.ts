import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from '../../src/forwarding/protocol.ts';
import { serveForwarding } from '../../src/forwarding/serve.ts';
import { sleep } from '../../src/net/clock.ts';
import type { Datagram, Decision } from '../../src/proxy/decision.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import type { Transaction } from '../../src/sip/transaction.ts';

/**
 * The forwarding thread with a decision that does what the datagram says in its first line, words apart by
 * spaces. The line stays in the output, so that the test sees which datagram it was.
 *
 *     forward TARGET SOCKET INSERTED REMOVED TAP   INSERTED bytes `+` and REMOVED less behind the first line;
 *                                                  TAP is register or register_response, or broken: no record comes of it
 *     answer TARGET SOCKET LENGTH
 *     throw
 *     source                                       answers its source and socket
 *     rest MS                                      works on it for so long
 */
function decide(datagram: Datagram, _routes: unknown, decision: Decision): void {
  const { bytes, start, end } = datagram;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, 100)).toString(
    'latin1',
  );
  const line = text.includes('\n') ? text.slice(0, text.indexOf('\n') + 1) : text;
  const [verb, target = '', socket = '0', ...rest] = line.trim().split(' ');
  decision.edits.clear();
  decision.isSip = false;
  decision.tap = 'none';
  decision.replyStatus = 0;
  decision.outcome = 'dropped';
  decision.reason = 'garbage';
  if (verb === 'throw') throw new Error('told to throw');
  if (verb === 'rest') sleep(Number(target));
  if (verb === 'forward') {
    forward(datagram, decision, line.length, Number(rest[0]), Number(rest[1]));
    decision.tap = rest[2] === 'register' || rest[2] === 'register_response' ? rest[2] : 'none';
    if (rest[2] === 'broken') {
      decision.tap = 'register';
      breakOnce(decision.transaction);
    }
  } else if (verb === 'answer') {
    answer(decision, 'a'.repeat(Number(rest[0])));
  } else if (verb === 'source') {
    const { a, b, c, d, port } = datagram.source;
    answer(
      decision,
      `${[a, b, c, d].map((word) => (word >>> 0).toString(16)).join(':')} ${port} ${datagram.socket}`,
    );
    decision.target.copyFrom(datagram.source);
    decision.socket = datagram.socket;
    return;
  } else {
    return;
  }
  decision.target.copyFrom(endpointFrom(target)!);
  decision.socket = Number(socket);
}

/** Whoever looks at it next meets an error. */
function breakOnce(transaction: Transaction): void {
  Object.defineProperty(transaction, 'isKnown', {
    configurable: true,
    get: () => {
      Reflect.deleteProperty(transaction, 'isKnown');
      throw new Error('told to break');
    },
  });
}

function forward(
  datagram: Datagram,
  decision: Decision,
  at: number,
  inserted: number,
  removed: number,
): void {
  const { message, edits } = decision;
  decision.outcome = 'forwarded';
  decision.reason = 'request';
  message.reset(datagram.bytes, datagram.start, datagram.end);
  for (let left = inserted; left > 0; left -= 1000) {
    const count = Math.min(left, 1000);
    edits.inserts.fill(0x2b, edits.writeAt, edits.writeAt + count);
    edits.replace(datagram.start + at, left === inserted ? removed : 0, edits.writeAt + count);
  }
  if (inserted === 0 && removed > 0) edits.remove(datagram.start + at, removed);
}

function answer(decision: Decision, text: string): void {
  decision.outcome = 'answered';
  decision.reason = 'stun';
  decision.replyLength = text.length;
  for (let i = 0; i < text.length; i++) decision.reply[i] = text.charCodeAt(i);
}

await serveForwarding(workerData as WorkerSetup, parentPort!, decide);
