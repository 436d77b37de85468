/** Writes docs/pbx/README.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { pbxPage } from './page.ts';

writeFileSync(join(REPO_ROOT, 'docs', 'pbx', 'README.md'), pbxPage());
process.stdout.write('docs/pbx/README.md\n');
