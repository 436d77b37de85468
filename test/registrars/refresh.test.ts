import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refreshAddresses } from '../../src/registrars/refresh.ts';
import type { Endpoint } from '../../src/sip/address.ts';
import { endpointFrom, endpointText } from '../../src/sip/address.ts';

function endpoints(...texts: string[]): Endpoint[] {
  return texts.map((text) => endpointFrom(text)!);
}

describe('refreshing addresses', () => {
  it('tells a change once, a failure as such, and keeps what it had', async () => {
    const answers = [
      endpoints('10.0.0.1:5060'),
      new Error('no answer'),
      endpoints('10.0.0.2:5060'),
      endpoints('10.0.0.2:5060'),
    ];
    const told: string[] = [];
    await new Promise<void>((done) => {
      const refresh = refreshAddresses(
        endpoints('10.0.0.1:5060'),
        async () => {
          const answer = answers.shift();
          if (answer === undefined) {
            refresh.stop();
            clearInterval(awake);
            done();
            return endpoints('10.0.0.99:5060');
          }
          if (answer instanceof Error) throw answer;
          return answer;
        },
        (addresses) => told.push(addresses.map(endpointText).join(' ')),
        (error) => told.push(String(error)),
        1,
      );
      // The timer of refreshing keeps no process alive; this one does.
      const awake = setInterval(() => {}, 1000);
    });
    assert.deepEqual(told, ['Error: no answer', '10.0.0.2:5060']);
  });
});
