#!/usr/bin/env node
// The kernel's own price, where datagrams queue up (at low rates Node's way into the kernel and back is in it, too): forwards
// in batches and reads nothing but, in what comes from the registrar, the last six bytes, where the load says to whom it goes.
//   node limit.mjs LISTEN_IP:PORT REGISTRAR_IP:PORT
import { addressOf, Inlet, ipWord, Outlet, openSocket, Waiter } from './datagrams.mjs';

/** @param {string} text @returns {[ip: string, port: number]} */
function endpoint(text) {
  const [ip = '', port = ''] = text.split(':');
  return [ip, Number(port)];
}

const [listenIp, listenPort] = endpoint(process.argv[2] ?? '');
const [registrarText, registrarPort] = endpoint(process.argv[3] ?? '');
const registrarIp = ipWord(registrarText);
const fd = openSocket(listenIp, listenPort);
const arena = Buffer.alloc(Inlet.BYTES + 8);
const address = addressOf(arena);
const inlet = new Inlet(fd, address, 0);
const outlet = new Outlet(fd, { choosesSource: false });
const waiter = new Waiter([fd]);

function forward(/** @type {number} */ i) {
  const start = inlet.startOf(i);
  const length = inlet.lengthOf(i);
  if (inlet.ipOf(i) !== registrarIp || inlet.portOf(i) !== registrarPort) {
    outlet.add(address + start, length, registrarIp, registrarPort, 0);
    return;
  }
  const end = start + length;
  outlet.add(address + start, length, arena.readInt32LE(end - 6), arena.readUInt16BE(end - 2), 0);
}

process.on('SIGTERM', () => process.exit(0));
// Signals are heard between turns of the event loop.
(function turn() {
  for (let turns = 0; turns < 1000; turns++) {
    waiter.wait(100);
    const count = inlet.receive();
    for (let i = 0; i < count; i++) forward(i);
    outlet.flush();
    if (count === 0) break;
  }
  setImmediate(turn);
})();
