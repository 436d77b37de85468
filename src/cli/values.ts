import type { RegistrarName } from '../config.ts';
import type { Network } from '../proxy/routes.ts';
import { hostNetwork } from '../proxy/routes.ts';
import type { Endpoint } from '../sip/address.ts';
import { endpointFrom, hostText, isBroadcastOrMulticast, isUnspecified } from '../sip/address.ts';
import { DEFAULT_PORT } from '../sip/via.ts';

/**
 * What a setting's text means, or what is wrong with it: half a sentence that says the fault and, behind a
 * semicolon, the cure. Whoever shows it puts the place before it and the full stop behind it.
 */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

function quoted(text: string): string {
  const MAX_SHOWN = 60;
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

const ADDRESS_CURE = 'write IP:PORT, such as 10.0.0.5:5060 or [2001:db8::5]:5060';

/** An address that a socket can be bound to; wildcards allowed. */
export function readListen(text: string): Reading<Endpoint> {
  return readBindable(text, DEFAULT_PORT);
}

/** Where Prometheus conventions would look for it: a port of its own, next to the exporters'. */
export const HTTP_PORT = 9760;

export function readHttp(text: string): Reading<Endpoint> {
  return readBindable(text, HTTP_PORT);
}

function readBindable(text: string, defaultPort: number): Reading<Endpoint> {
  const endpoint = endpointFrom(text);
  if (endpoint === undefined) return { problem: `${quoted(text)} is not an address; ${ADDRESS_CURE}` };
  if (isBroadcastOrMulticast(endpoint)) {
    return { problem: `${quoted(text)} is a group address; give an address of this machine` };
  }
  if (endpoint.port === 0) endpoint.port = defaultPort;
  return { value: endpoint };
}

/** An address that others can send to; port 0 where none is stated. */
export function readAdvertise(text: string): Reading<Endpoint> {
  const endpoint = endpointFrom(text);
  if (endpoint === undefined) return { problem: `${quoted(text)} is not an address; write IP or IP:PORT` };
  if (isUnspecified(endpoint) || isBroadcastOrMulticast(endpoint)) {
    return {
      problem: `nobody can send to ${quoted(text)}; give the address that phones and registrar reach`,
    };
  }
  return { value: endpoint };
}

/** RFC 1123 names, underscores tolerated; a last label of digits is a mistyped address, not a name. */
const HOST_NAME =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?![0-9]+\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/;

export function readAliasHost(text: string): Reading<string> {
  const name = text.toLowerCase();
  if (HOST_NAME.test(name)) return { value: name };
  return {
    problem: `${quoted(text)} is not a host name; write a name without port, such as sip.example.com`,
  };
}

export function readRegistrar(text: string): Reading<RegistrarName> {
  const endpoint = endpointFrom(text);
  if (endpoint !== undefined) {
    if (isUnspecified(endpoint) || isBroadcastOrMulticast(endpoint)) {
      return { problem: `${quoted(text)} is no registrar's address; give the PBX's own` };
    }
    return { value: { host: hostText(endpoint), port: endpoint.port || DEFAULT_PORT } };
  }
  const named = /^([^:]+)(?::([0-9]{1,5}))?$/.exec(text.toLowerCase());
  const name = named?.[1] ?? '';
  const port = Number(named?.[2] ?? 0);
  const isPort = named?.[2] === undefined || (port >= 1 && port <= 65_535);
  if (HOST_NAME.test(name) && isPort) return { value: { host: name, port } };
  const cure = 'write HOST or HOST:PORT, such as 10.0.1.8:5060 or pbx.example.com';
  return { problem: `${quoted(text)} is neither an address nor a host name; ${cure}` };
}

export function readRegistrarNet(text: string): Reading<Network> {
  const network = readNetwork(text);
  if (network !== undefined) return { value: network };
  const cure = 'write CIDR or IP:PORT, such as 10.0.1.0/24 or 10.0.1.8:5060';
  return { problem: `${quoted(text)} is not a network; ${cure}` };
}

export function readPhoneNet(text: string): Reading<Network> {
  const network = readNetwork(text);
  if (network !== undefined && network.base.port === 0) return { value: network };
  return { problem: `${quoted(text)} is not a network; write CIDR, such as 10.0.0.0/8 or 2001:db8::/32` };
}

const MAPPED_BITS = 96;

function readNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const base = endpointFrom(slash < 0 ? text : text.slice(0, slash));
  if (base === undefined) return undefined;
  if (slash < 0) return hostNetwork(base);
  const bitsText = text.slice(slash + 1);
  const bits = /^[0-9]{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > (base.isIpv4 ? 32 : 128) || base.port !== 0) return undefined;
  return { base, prefixBits: base.isIpv4 ? bits + MAPPED_BITS : bits };
}

export function readFileName(text: string): Reading<string> {
  return { value: text };
}

export function readSwitch(text: string): Reading<boolean> {
  if (text === 'true') return { value: true };
  if (text === 'false') return { value: false };
  return { problem: `${quoted(text)} is neither true nor false; write one of them` };
}

export function oneOf<const T extends string>(words: readonly T[]): (text: string) => Reading<T> {
  const cure = `write ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    return word === undefined
      ? { problem: `${quoted(text)} is not one of its words; ${cure}` }
      : { value: word };
  };
}

export function wholeNumber(lowest: number, highest: number): (text: string) => Reading<number> {
  return (text) => {
    const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= lowest && value <= highest) return { value };
    return { problem: `${quoted(text)} is out of range; write a whole number from ${lowest} to ${highest}` };
  };
}
