/** Writes docs/HARD-CASES.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { hardCasesPage } from './page.ts';

const path = join(REPO_ROOT, 'docs', 'HARD-CASES.md');
writeFileSync(path, hardCasesPage());
process.stdout.write('docs/HARD-CASES.md\n');
