import type { Endpoint } from '../../src/sip/address.ts';
import { endpointFrom } from '../../src/sip/address.ts';

/** A transport address of the simulated network. */
export interface Address {
  readonly ip: string;
  readonly port: number;
  /** `10.0.0.1:5060` */
  readonly text: string;
  readonly endpoint: Endpoint;
}

export function address(ip: string, port: number): Address {
  const text = `${ip}:${port}`;
  const endpoint = endpointFrom(text);
  if (endpoint === undefined) throw new Error(`no address: ${text}`);
  return { ip, port, text, endpoint };
}
