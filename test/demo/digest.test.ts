import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readChallenge, readCredentials, verifies, writeCredentials } from '../../src/demo/credentials.ts';
import type { DigestInput } from '../../src/demo/digest.ts';
import { digestResponse } from '../../src/demo/digest.ts';

const RFC_2617: DigestInput = {
  algorithm: 'MD5',
  username: 'Mufasa',
  realm: 'testrealm@host.com',
  password: 'Circle Of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
  qop: { nonceCount: '00000001', clientNonce: '0a4f113b' },
};

const RFC_7616: DigestInput = {
  ...RFC_2617,
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  qop: { nonceCount: '00000001', clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
};

describe('digest', () => {
  it("gives the RFCs' own examples", () => {
    assert.equal(digestResponse(RFC_2617), '6629fae49393a05397450978507c4ef1');
    assert.equal(digestResponse(RFC_7616), '8ca523f5e9506fed4657c9700eebdbec');
    assert.equal(
      digestResponse({ ...RFC_7616, algorithm: 'SHA-256' }),
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  it('gives the form without qop (RFC 2069 §2.4, as its erratum 749 corrects it)', () => {
    const input = { ...RFC_2617, password: 'CircleOfLife', qop: undefined };
    assert.equal(digestResponse(input), '1949323746fe6a43ef61f9606e7febea');
  });

  it('reads what it wrote', () => {
    const input: DigestInput = { ...RFC_2617, algorithm: 'SHA-256' };
    const line = writeCredentials(input).replace('Authorization: ', '');
    const credentials = readCredentials([line], 'testrealm@host.com');
    assert.ok(credentials);
    assert.equal(verifies(credentials, 'GET', 'Circle Of Life'), true);
    assert.equal(verifies(credentials, 'GET', 'circle of life'), false);
    assert.equal(verifies(credentials, 'REGISTER', 'Circle Of Life'), false);
    assert.equal(readCredentials([line], 'elsewhere'), undefined);
  });

  it('takes empty credentials for none: IMS phones send them first', () => {
    const empty = 'Digest username="a", realm="r", nonce="", uri="sip:r", response=""';
    assert.equal(readCredentials([empty], 'r'), undefined);
  });

  it('answers the first challenge that it can', () => {
    const challenge = readChallenge([
      'Bearer realm="r"',
      'Digest realm="r", nonce="n0", algorithm=SHA-512-256',
      'Digest realm="r", nonce="n1", algorithm=SHA-256, qop="auth-int,auth", stale=TRUE',
      'Digest realm="r", nonce="n2"',
    ]);
    assert.deepEqual(challenge, {
      realm: 'r',
      nonce: 'n1',
      algorithm: 'SHA-256',
      qop: 'auth',
      isStale: true,
    });
  });
});
