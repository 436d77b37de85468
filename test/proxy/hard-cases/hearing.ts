import type { Event } from '../../../src/monitor/events.ts';
import { Monitor } from '../../../src/monitor/monitor.ts';
import { Tapped } from '../../../src/monitor/tapped.ts';
import { PBX } from '../support/messages.ts';
import { bytesOf, endpoint } from '../support/passing.ts';

/** What the monitor made of the datagrams that it was shown. */
export interface Heard {
  readonly monitor: Monitor;
  readonly events: readonly Event[];
}

/** Shows the monitor a REGISTER as we sent it on, and the registrar's answers as received. */
export function hear(phone: string, sent: string, answers: readonly string[]): Heard {
  const events: Event[] = [];
  const sizes = { maxAors: 100, maxExchanges: 100, maxSources: 100 };
  const monitor = new Monitor(sizes, (event) => events.push(event));
  const tapped = new Tapped();
  tapped.phone.copyFrom(endpoint(phone));
  tapped.registrar.copyFrom(endpoint(PBX));
  [sent, ...answers].forEach((text, i) => {
    tapped.atMs = 1000 + i * 10;
    tapped.kind = i === 0 ? 'request' : 'response';
    tapped.bytes = bytesOf(text);
    tapped.start = 0;
    tapped.end = tapped.bytes.length;
    monitor.observe(tapped);
  });
  return { monitor, events };
}
