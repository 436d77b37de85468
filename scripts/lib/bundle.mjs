import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inRoot } from './paths.mjs';

/**
 * Writes the compiled sources once more to dist/bin, as few files: the package's command, what it loads when it is called,
 * and the forwarding thread, which finds itself beside them. That starts sooner than a hundred files, and V8 makes faster
 * code of it, because within one module the functions and constants that another file brings are known when it compiles
 * (docs/PERFORMANCE.md). Packages stay outside.
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
  // As one file: what its parts share would lie in a third one, between all of them.
  buildSync({ ...settings, entryPoints: { worker: inRoot('dist/src/forwarding/worker.js') } });
}
