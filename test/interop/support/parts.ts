import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';

const STATUS_LIMIT_MS = 60_000;

/** One of the real programs, as scripts/parts.mjs tells of it. */
export type Part = ReadyPart | MissingPart;

export interface ReadyPart {
  readonly id: string;
  readonly ok: true;
  /** The folder it is unpacked in; absent where the machine has it installed. */
  readonly dir?: string;
  /** Whether it runs by chroot into that folder. */
  readonly chroot: boolean;
  /** The environment that its programs need. */
  readonly env: Readonly<Record<string, string>>;
}

export interface MissingPart {
  readonly id: string;
  readonly ok: false;
  readonly reason: string;
}

const known = new Map<string, Part>();

/** Asks for what is not known yet, all in one go. */
export function partsOf(ids: readonly string[]): Part[] {
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    const script = join(REPO_ROOT, 'scripts', 'parts.mjs');
    const answer = execFileSync(process.execPath, [script, 'status', ...unknown], {
      encoding: 'utf8',
      timeout: STATUS_LIMIT_MS,
    });
    for (const part of JSON.parse(answer) as Part[]) known.set(part.id, part);
  }
  return ids.map((id) => known.get(id) ?? { id, ok: false, reason: 'scripts/parts.mjs says nothing of it' });
}

/** @throws where the part is not there: a test that uses it has said so with needs() */
export function readyPart(id: string): ReadyPart {
  const [part] = partsOf([id]);
  if (!part?.ok)
    throw new Error(`${id} is not here: ${part?.reason ?? ''}; fetch it: node scripts/parts.mjs ${id}`);
  return part;
}
