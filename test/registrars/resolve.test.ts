import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { describe, it } from 'node:test';
import type { NameLookup } from '../../src/registrars/resolve.ts';
import { resolveRegistrars, systemLookup } from '../../src/registrars/resolve.ts';
import { endpointText } from '../../src/sip/address.ts';

/** The name system as two tables. */
function tables(
  srv: Readonly<Record<string, readonly (readonly [number, number, number, string])[]>>,
  hosts: Readonly<Record<string, readonly string[]>>,
): NameLookup {
  return {
    srv: async (name) =>
      (srv[name] ?? []).map(([priority, weight, port, target]) => ({ priority, weight, port, name: target })),
    addresses: async (name) => hosts[name] ?? [],
  };
}

const NOWHERE = tables({}, {});

async function resolved(
  names: readonly (readonly [string, number])[],
  lookups: NameLookup,
  families: 'ipv4' | 'ipv6' | 'both' = 'both',
): Promise<string[]> {
  const out = await resolveRegistrars(
    names.map(([host, port]) => ({ host, port })),
    families,
    lookups,
  );
  return out.map(endpointText);
}

describe('names of registrars', () => {
  it('asks nobody about addresses', async () => {
    const list = [
      ['10.0.1.8', 0],
      ['10.0.1.9', 5080],
      ['2001:db8::8', 5060],
    ] as const;
    assert.deepEqual(await resolved(list, NOWHERE), ['10.0.1.8:5060', '10.0.1.9:5080', '[2001:db8::8]:5060']);
  });

  it('takes SRV where no port is stated: priority, then weight, with their ports (RFC 2782)', async () => {
    const lookups = tables(
      {
        '_sip._udp.pbx.test': [
          [20, 0, 5062, 'c.test'],
          [10, 10, 5061, 'b.test'],
          [10, 90, 5060, 'a.test'],
        ],
      },
      { 'a.test': ['10.0.0.1'], 'b.test': ['10.0.0.2'], 'c.test': ['10.0.0.3'], 'pbx.test': ['10.0.0.9'] },
    );
    assert.deepEqual(await resolved([['pbx.test', 0]], lookups), [
      '10.0.0.1:5060',
      '10.0.0.2:5061',
      '10.0.0.3:5062',
    ]);
    assert.deepEqual(await resolved([['pbx.test', 5070]], lookups), ['10.0.0.9:5070']);
  });

  it('gives one list for equal answers in another order', async () => {
    const one = tables({}, { 'pbx.test': ['10.0.0.2', '10.0.0.1'] });
    const other = tables({}, { 'pbx.test': ['10.0.0.1', '10.0.0.2'] });
    const list = [['pbx.test', 0]] as const;
    assert.deepEqual(await resolved(list, one), ['10.0.0.1:5060', '10.0.0.2:5060']);
    assert.deepEqual(await resolved(list, one), await resolved(list, other));
  });

  it("keeps the operator's order between names, and none twice", async () => {
    const lookups = tables({}, { 'z.test': ['10.0.0.7'], 'a.test': ['10.0.0.1', '10.0.0.7'] });
    assert.deepEqual(
      await resolved(
        [
          ['z.test', 0],
          ['a.test', 0],
        ],
        lookups,
      ),
      ['10.0.0.7:5060', '10.0.0.1:5060'],
    );
  });

  it('keeps to the families that our sockets have', async () => {
    const lookups = tables({}, { 'pbx.test': ['2001:db8::1', '10.0.0.1'] });
    assert.deepEqual(await resolved([['pbx.test', 0]], lookups, 'ipv4'), ['10.0.0.1:5060']);
    assert.deepEqual(await resolved([['pbx.test', 0]], lookups, 'ipv6'), ['[2001:db8::1]:5060']);
    await assert.rejects(resolved([['10.0.0.1', 5060]], lookups, 'ipv6'), {
      message: 'registrar: 10.0.0.1 has no IPv6 address; check the name, or give the address itself.',
    });
  });

  it('says which name has no address, and which could not be asked about', async () => {
    await assert.rejects(resolved([['pbx.test', 0]], NOWHERE), {
      message: 'registrar: pbx.test has no address; check the name, or give the address itself.',
    });
    const withdrawn = tables({ '_sip._udp.pbx.test': [[0, 0, 0, '.']] }, { 'pbx.test': ['10.0.0.1'] });
    await assert.rejects(resolved([['pbx.test', 0]], withdrawn), /pbx\.test has no address/);
    const broken: NameLookup = { ...NOWHERE, srv: () => Promise.reject(new Error('querySrv ESERVFAIL')) };
    await assert.rejects(resolved([['pbx.test', 0]], broken), {
      message:
        'registrar: looking up pbx.test failed (querySrv ESERVFAIL); check the resolver, or give the address itself.',
    });
  });

  it('asks a real name server for SRV, and tells "no such name" from "no answer to be had"', async () => {
    const server = await startNameServer('127.77.40.9');
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`127.77.40.9:${server.port}`]);
    const lookups = systemLookup(resolver);
    try {
      assert.deepEqual(await lookups.srv('_sip._udp.known.test'), [
        { priority: 10, weight: 60, port: 5070, name: 'localhost' },
      ]);
      assert.deepEqual(await lookups.srv('_sip._udp.unknown.test'), []);
      await assert.rejects(lookups.srv('_sip._udp.broken.test'), /ESERVFAIL/);
      assert.deepEqual(await resolved([['known.test', 0]], lookups, 'ipv4'), ['127.0.0.1:5070']);
    } finally {
      server.close();
    }
  });
});

interface NameServer {
  readonly port: number;
  close(): void;
}

/** A name server that knows one SRV record, one name that it can't answer for, and nothing else (RFC 1035 §4). */
function startNameServer(address: string): Promise<NameServer> {
  const NO_SUCH_NAME = 3;
  const SERVER_FAILURE = 2;
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address: from }) => {
    const asked = question.toString('latin1');
    const isKnown = asked.includes('\x05known\x04test');
    const code = isKnown ? 0 : asked.includes('\x06broken') ? SERVER_FAILURE : NO_SUCH_NAME;
    const nameEnd = question.indexOf(0, 12) + 5;
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(isKnown ? 1 : 0, 6);
    header.writeUInt32BE(0, 8);
    const target = Buffer.from('\x09localhost\x00', 'latin1');
    const record = Buffer.alloc(18);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(33, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(6 + target.length, 10);
    record.writeUInt16BE(10, 12);
    record.writeUInt16BE(60, 14);
    record.writeUInt16BE(5070, 16);
    const answer = isKnown ? [record, target] : [];
    socket.send(Buffer.concat([header, question.subarray(12, nameEnd), ...answer]), port, from);
  });
  return new Promise((resolve) => {
    socket.bind(0, address, () => resolve({ port: socket.address().port, close: () => socket.close() }));
  });
}
