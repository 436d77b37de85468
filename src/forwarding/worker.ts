import { parentPort, workerData } from 'node:worker_threads';
import { decide } from '../proxy/decide.ts';
import type { WorkerSetup } from './protocol.ts';
import { serveForwarding } from './serve.ts';

/** Composition root of the forwarding thread: here the sockets and the ring meet the decision. */
await serveForwarding(workerData as WorkerSetup, parentPort!, decide);
