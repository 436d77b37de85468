import { http } from './http.ts';
import type { Rollcall } from './rollcall.ts';

/** A binding as /api/v1/aors tells it. */
export interface LedgerBinding {
  readonly aor: string;
  readonly contact: string;
  readonly source: string;
  readonly expiresInSec: number;
  readonly grantedExpiresSec: number;
}

interface LedgerPage {
  readonly aors: readonly {
    readonly aor: string;
    readonly bindings: readonly Omit<LedgerBinding, 'aor'>[];
  }[];
  readonly next?: number;
}

const PAGE = 1000;
const MAX_PAGES = 1000;

/** All bindings that Rollcall believes in, sorted by AOR and Contact as `ulDump` sorts. */
export async function ledgerOf(rollcall: Rollcall): Promise<LedgerBinding[]> {
  const all: LedgerBinding[] = [];
  let offset: number | undefined = 0;
  for (let pages = 0; offset !== undefined; pages++) {
    if (pages === MAX_PAGES) throw new Error(`more than ${MAX_PAGES} pages of AORs`);
    const { status, body } = await http(`${rollcall.http}/api/v1/aors?limit=${PAGE}&offset=${offset}`);
    if (status !== 200) throw new Error(`/api/v1/aors: HTTP ${status}: ${body.slice(0, 200)}`);
    const page = JSON.parse(body) as LedgerPage;
    all.push(...page.aors.flatMap(({ aor, bindings }) => bindings.map((binding) => ({ aor, ...binding }))));
    offset = page.next;
  }
  return all.sort((a, b) => (`${a.aor} ${a.contact}` < `${b.aor} ${b.contact}` ? -1 : 1));
}
