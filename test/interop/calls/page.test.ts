import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { pbxPage } from './page.ts';

describe('docs/pbx/README.md', () => {
  it('says what the tests of the calls expect (npm run generate)', () => {
    assert.equal(readFileSync(join(REPO_ROOT, 'docs', 'pbx', 'README.md'), 'utf8'), pbxPage());
  });
});
