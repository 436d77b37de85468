import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { address } from './address.ts';
import type { CredentialFacts, ReplyFacts, TransactionFacts } from './facts.ts';
import { ABANDONED_MS, Truth } from './truth.ts';

const PHONE = address('10.0.0.1', 5060);
const FIRST = 1;
const RETRY = 2;
const OTHER = 3;

function register(id: number, credentials?: CredentialFacts): TransactionFacts {
  return {
    id,
    aor: '1000@lab.test',
    userIsKnown: true,
    attempt: credentials === undefined ? 'initial' : 'with_credentials',
    credentials,
    contacts: [],
    removesAll: false,
    requestedSec: 60,
    callId: 'call',
    cseq: id,
    userAgent: 'phone',
    instance: undefined,
  };
}

function answering(nonce: string): TransactionFacts {
  return register(RETRY, { nonce, challengedIn: FIRST, passwordIsRight: true });
}

function reply(status: number, nonces: readonly string[]): ReplyFacts {
  return {
    status,
    verdict: status === 200 ? 'accepted' : 'no_credentials',
    isStaleSaid: false,
    nonces,
    listed: [],
    minExpiresSec: undefined,
    retryAfterSec: undefined,
  };
}

/** A truth that saw the first REGISTER challenged with one nonce at 10 ms, and with another at 20 ms. */
function challenged(): Truth {
  const truth = new Truth(0, { lists: 'all', graceMs: 10_000 });
  truth.request(register(FIRST), PHONE, 0);
  truth.response(register(FIRST), reply(401, ['seen']), PHONE, 10);
  truth.response(register(FIRST), reply(401, ['seen too']), PHONE, 20);
  return truth;
}

describe('the truth about challenges', () => {
  for (const nonce of ['seen', 'seen too']) {
    it(`is that any nonce that was seen answers: ${nonce}`, () => {
      const truth = challenged();
      truth.request(answering(nonce), PHONE, 100);
      truth.response(answering(nonce), reply(200, []), PHONE, 110);
      truth.advance(10 + ABANDONED_MS);
      assert.equal(truth.abandoned, 0);
      assert.equal(truth.handshakeSeconds.sum, 0.11);
    });
  }

  it('is that a nonce from before the start answers none, and begins a handshake of its own', () => {
    const truth = challenged();
    truth.request(answering('unseen'), PHONE, 100);
    truth.response(answering('unseen'), reply(200, []), PHONE, 110);
    truth.advance(10 + ABANDONED_MS);
    assert.equal(truth.abandoned, 1);
    assert.equal(truth.handshakeSeconds.sum, 0.01);
    assert.deepEqual([truth.abandonedSlack, truth.handshakeSlackSec], [0, 0]);
  });

  it('is in doubt where another phone of the AOR was seen with that nonce', () => {
    const truth = challenged();
    truth.request(register(OTHER), PHONE, 30);
    truth.response(register(OTHER), reply(401, ['of that second']), PHONE, 40);
    truth.request(answering('of that second'), PHONE, 100);
    truth.advance(40 + ABANDONED_MS);
    assert.deepEqual([truth.abandoned, truth.abandonedSlack], [2, 1]);
  });
});
