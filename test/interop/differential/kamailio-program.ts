import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { defines, modulePath } from '../support/kamailio.ts';
import type { Lab } from '../support/lab.ts';
import { readyPart } from '../support/parts.ts';
import type { Program } from '../support/program.ts';

/** Starts Kamailio with a configuration of test/interop/parts/; it is not ready yet when this returns. */
export function startKamailio(
  lab: Lab,
  config: string,
  values: Readonly<Record<string, string | number>>,
): Program {
  const part = readyPart('kamailio');
  const runDir = lab.path('kamailio');
  mkdirSync(runDir);
  return lab.start({
    name: `kamailio with ${config}`,
    env: part.env,
    command: [
      'kamailio',
      ...['-f', join(REPO_ROOT, 'test', 'interop', 'parts', config)],
      ...modulePath(part),
      ...['-DD', '-E', '-m', '64', '-M', '32', '-Y', runDir, '-P', join(runDir, 'pid')],
      ...defines(values),
    ],
  });
}
