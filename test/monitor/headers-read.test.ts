import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HeaderId } from '../../src/sip/headers.ts';
import { Header, REGISTRATION_HEADERS } from '../../src/sip/headers.ts';
import { REPO_ROOT } from '../support/repo-root.ts';

test('what the monitor reads of a message comes through the ring', () => {
  const sources = readdirSync(join(REPO_ROOT, 'src/monitor')).map((name) =>
    readFileSync(join(REPO_ROOT, 'src/monitor', name), 'utf8'),
  );
  const names = sources.flatMap((source) =>
    [...source.matchAll(/\bHeader\.([A-Z_]+)/g)].map(([, name]) => name!),
  );
  assert.ok(names.length > 20, `${names.length} found`);
  const left = new Set(
    names.filter((name) => {
      const id: HeaderId = Header[name as keyof typeof Header];
      return ((REGISTRATION_HEADERS >>> id) & 1) === 0;
    }),
  );
  // Read where a transaction is not known: then the whole message comes.
  assert.deepEqual([...left], ['VIA']);
});
