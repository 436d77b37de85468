import { http } from './http.ts';

/** A binding as Kamailio's user location table has it. */
export interface KamailioBinding {
  /** user@host */
  readonly aor: string;
  /** The Contact URI, without angle brackets. */
  readonly contact: string;
  readonly expiresInSec: number;
  readonly callId: string;
  readonly cseq: number;
  /** Source that it was received from, as a SIP URI; absent where it is the Contact's own. */
  readonly received?: string;
  readonly path?: string;
}

interface RawContact {
  readonly Contact: {
    readonly Address: string;
    readonly Expires: number | string;
    readonly 'Call-ID': string;
    readonly CSeq: number;
    readonly Received: string;
    readonly Path: string;
  };
}

interface RawDump {
  readonly result?: {
    readonly Domains: readonly {
      readonly Domain: {
        readonly AoRs: readonly {
          readonly Info: { readonly AoR: string; readonly Contacts: readonly RawContact[] };
        }[];
      };
    }[];
  };
}

const UNSET = '[not set]';

function binding(aor: string, { Contact: raw }: RawContact): KamailioBinding {
  return {
    aor,
    contact: raw.Address,
    expiresInSec: Number(raw.Expires),
    callId: raw['Call-ID'],
    cseq: raw.CSeq,
    ...(raw.Received === UNSET ? {} : { received: raw.Received }),
    ...(raw.Path === UNSET ? {} : { path: raw.Path }),
  };
}

/** One JSON-RPC call over HTTP. */
export async function rpc(url: string, method: string, params?: readonly unknown[]): Promise<unknown> {
  const { status, body } = await http(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  if (status !== 200) throw new Error(`${method}: HTTP ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body);
}

/** All bindings that Kamailio holds, lapsed ones left out, sorted by AOR and Contact. */
export async function ulDump(url: string): Promise<KamailioBinding[]> {
  const dump = (await rpc(url, 'ul.dump')) as RawDump;
  return (dump.result?.Domains ?? [])
    .flatMap(({ Domain }) => Domain.AoRs)
    .flatMap(({ Info }) => Info.Contacts.map((contact) => binding(Info.AoR, contact)))
    .filter(({ expiresInSec }) => expiresInSec > 0)
    .sort((a, b) => (`${a.aor} ${a.contact}` < `${b.aor} ${b.contact}` ? -1 : 1));
}
