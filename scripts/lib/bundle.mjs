import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inRoot } from './paths.mjs';

/**
 * Writes the compiled sources once more to dist/bin, as few files: the package's command, what it loads when it is called,
 * and the forwarding thread, which is looked for beside them. That starts sooner than a hundred files. Packages stay outside.
 */
export function bundle() {
  const outdir = inRoot('dist', 'bin');
  rmSync(outdir, { recursive: true, force: true });
  // Whoever imports this file may have to install it first.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  const settings = {
    absWorkingDir: inRoot(),
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
  };
  buildSync({ ...settings, entryPoints: { rollcall: inRoot('dist/src/cli/main.js') }, splitting: true });
  // By itself: split together with the command, what both use would lie in further files.
  buildSync({ ...settings, entryPoints: { worker: inRoot('dist/src/forwarding/worker.js') } });
}
