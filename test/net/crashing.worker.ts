import { parentPort } from 'node:worker_threads';

/** Comes up, and then dies of something that nobody catches. */
parentPort!.postMessage({
  kind: 'bound',
  transport: 'portable',
  why: '',
  receiveBufferBytes: [],
  priority: { cpuPriority: 'normal', why: '' },
});
setTimeout(() => {
  throw new Error('out of the blue');
}, 50);
