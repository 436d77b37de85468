import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReadinessState } from '../../src/http/readiness.ts';
import { notReadyReason } from '../../src/http/readiness.ts';

const GOOD: ReadinessState = { sockets: 'bound', registrar: 'known', phase: 'running' };

describe('readiness', () => {
  it('needs bound sockets and a registrar, and no wish to stop', () => {
    assert.equal(notReadyReason(GOOD), undefined);
    assert.equal(
      notReadyReason({ ...GOOD, sockets: 'unbound' }),
      'not ready: the SIP sockets are not bound yet',
    );
    assert.equal(
      notReadyReason({ ...GOOD, registrar: 'unknown' }),
      'not ready: no registrar address is known yet',
    );
    assert.equal(notReadyReason({ ...GOOD, phase: 'stopping' }), 'stopping: no new traffic is wanted');
  });

  it('names the stop before anything else', () => {
    const reason = notReadyReason({ sockets: 'unbound', registrar: 'unknown', phase: 'stopping' });
    assert.equal(reason, 'stopping: no new traffic is wanted');
  });
});
