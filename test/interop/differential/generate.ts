/** Writes docs/DIFFERENCES.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { differencesPage } from './page.ts';

writeFileSync(join(REPO_ROOT, 'docs', 'DIFFERENCES.md'), differencesPage());
process.stdout.write('docs/DIFFERENCES.md\n');
