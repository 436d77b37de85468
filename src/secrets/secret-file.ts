import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SECRET_BYTES } from './signer.ts';

/** The secret, current first, then the previous one while a rotation lasts. */
export interface LoadedSecrets {
  readonly secrets: readonly Uint8Array[];
  readonly origin: 'read' | 'created';
}

/** A secret file that can't be used; the message says what to do. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
}

const LINE = /^[0-9a-f]{64}$/i;
const MAX_LINES = 2;

/** Reads the file, or makes it, for its owner's eyes only, where there is none. */
export function loadSecrets(path: string): LoadedSecrets {
  const found = readIfThere(path);
  if (found !== undefined) return { secrets: parseSecrets(path, found), origin: 'read' };
  const isOurs = create(path, `${randomBytes(SECRET_BYTES).toString('hex')}\n`);
  const text = readIfThere(path);
  if (text === undefined)
    throw new SecretFileError(`secret-file: ${path} vanished while it was being made; start again`);
  return { secrets: parseSecrets(path, text), origin: isOurs ? 'created' : 'read' };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SecretFileError(
      `secret-file: can't read ${path} (${codeOf(error)}); make it readable for this user`,
    );
  }
}

/** Whole or not at all, and never over another instance's; answers false where one came first. */
function create(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new SecretFileError(
      `secret-file: can't make ${path} (${codeOf(error)}); name a file in a folder that this user may write to`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function parseSecrets(path: string, text: string): readonly Uint8Array[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length < 1 || lines.length > MAX_LINES || !lines.every((line) => LINE.test(line))) {
    throw new SecretFileError(
      `secret-file: ${path} must hold one or two lines of ${SECRET_BYTES * 2} hex digits, the current secret and then the previous one; make one with \`openssl rand -hex ${SECRET_BYTES}\``,
    );
  }
  return lines.map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
