import type { BindingView } from '../monitor/binding-view.ts';

/** What the API reads of the monitor. */
export interface AorReader {
  bindingsOf(aor: string): readonly BindingView[];
  aors(): Iterable<string>;
}

/** One page of `GET /api/v1/aors` holds at most so many AORs. */
export const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;
const PREFIX = '/api/v1/aors';

/** A status and what to tell as JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * `GET /api/v1/aors?limit=N&offset=N` and `GET /api/v1/aors/{aor}`: the ledger as it stands. A page is cut from the
 * ledger's own order, which a refresh may change: who wants them all takes pages until one comes without `next`.
 * Answers undefined where the path is none of these.
 */
export function answerAors(
  reader: AorReader,
  nowMs: number,
  path: string,
  query: URLSearchParams,
): ApiAnswer | undefined {
  if (path === PREFIX) return listAors(reader, nowMs, query);
  if (!path.startsWith(`${PREFIX}/`)) return undefined;
  const aor = decoded(path.slice(PREFIX.length + 1));
  if (aor === undefined)
    return { status: 400, body: { error: 'the AOR in the path is not valid percent-encoding' } };
  const bindings = reader.bindingsOf(aor);
  if (bindings.length === 0) return { status: 404, body: { error: `no binding is known for ${aor}` } };
  return { status: 200, body: { aor, bindings: bindings.map((binding) => told(binding, nowMs)) } };
}

function listAors(reader: AorReader, nowMs: number, query: URLSearchParams): ApiAnswer {
  const limit = numberOf(query.get('limit'), DEFAULT_PAGE);
  const offset = numberOf(query.get('offset'), 0);
  if (limit === undefined || limit < 1 || limit > MAX_PAGE || offset === undefined) {
    return { status: 400, body: { error: `limit is a number from 1 to ${MAX_PAGE}, offset one from 0 on` } };
  }
  const aors: unknown[] = [];
  let place = 0;
  for (const aor of reader.aors()) {
    if (place >= offset + limit) return { status: 200, body: { aors, next: offset + limit } };
    if (place++ < offset) continue;
    aors.push({ aor, bindings: reader.bindingsOf(aor).map((binding) => told(binding, nowMs)) });
  }
  return { status: 200, body: { aors } };
}

/** Ages and remaining times instead of monotonic clocks, which mean nothing outside of this process. */
function told(binding: BindingView, nowMs: number): unknown {
  const { refreshedAtMs, expiresAtMs, ...rest } = binding;
  return {
    ...rest,
    refreshedAgoSec: Math.round((nowMs - refreshedAtMs) / 1000),
    expiresInSec: Math.round((expiresAtMs - nowMs) / 1000),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function numberOf(text: string | null, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
