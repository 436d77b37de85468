#!/usr/bin/env node
// The kernel's own price, where datagrams queue up (at low rates Node's way into the kernel and back is in it, too): forwards
// in batches and reads nothing but, in what comes from the registrar, the last six bytes, where the load says to whom it goes.
//   node limit.mjs LISTEN_IP:PORT REGISTRAR_IP:PORT
import { addressOf } from '../../../dist/src/net/linux.js';
import { Inlet, Outlet, openSocket, placeOf, Waiter } from './datagrams.mjs';

const registrar = placeOf(process.argv[3] ?? '');
const fd = openSocket(placeOf(process.argv[2] ?? ''));
const arena = Buffer.alloc(Inlet.BYTES);
const address = addressOf(arena);
const inlet = new Inlet(fd, address, 0);
const outlet = new Outlet(fd, { choosesSource: false });
const waiter = new Waiter([fd]);

function forward(/** @type {number} */ start, /** @type {number} */ end, /** @type {number} */ i) {
  const isAnswer = inlet.ipOf(i) === registrar.ip && inlet.portOf(i) === registrar.port;
  const ip = isAnswer ? arena.readInt32LE(end - 6) : registrar.ip;
  const port = isAnswer ? arena.readUInt16BE(end - 2) : registrar.port;
  outlet.add(address + start, end - start, ip, port, 0);
}
const flush = () => outlet.flush();

process.on('SIGTERM', () => process.exit(0));
// Signals are heard between turns of the event loop.
(function turn() {
  for (let turns = 0; turns < 1000; turns++) {
    waiter.wait(100);
    if (inlet.takeAll(forward, flush) === 0) break;
  }
  setImmediate(turn);
})();
