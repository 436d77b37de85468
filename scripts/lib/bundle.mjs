import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { inRoot } from './paths.mjs';

const BIN = inRoot('dist', 'bin');
/** What is started by its name: the package's command, and the forwarding thread, which is looked for beside it. */
const STARTED = {
  'rollcall.js': inRoot('dist', 'src', 'cli', 'main.js'),
  'worker.js': inRoot('dist', 'src', 'forwarding', 'worker.js'),
};

/**
 * Writes the compiled sources once more to dist/bin, as few files, which start sooner than a hundred: one for each thing that
 * is started, and one for each module that is loaded when it is needed. They share nothing, so that none exports
 * what its code works with (docs/ARCHITECTURE.md, "Where things are").
 */
export async function bundle() {
  rmSync(BIN, { recursive: true, force: true });
  const modules = new Map(Object.entries(STARTED));
  const nameOf = (/** @type {string} */ module) => {
    const name = basename(module);
    const namesake = modules.get(name) ?? module;
    if (namesake !== module) throw new Error(`the files of ${namesake} and ${module} would have one name`);
    modules.set(name, module);
    return name;
  };
  // Grows meanwhile by what is found to be loaded later.
  for (const [name, module] of modules) await writeOneFile(module, join(BIN, name), nameOf);
  chmodSync(join(BIN, 'rollcall.js'), 0o755);
}

/**
 * Writes a compiled module and all that it imports to one file. Packages stay outside.
 *
 * @param {string} entry
 * @param {string} file
 * @param {(module: string) => string} nameOfLater the file, beside this one, of a module that is imported when it is needed
 */
export async function writeOneFile(entry, file, nameOfLater) {
  // Whoever imports this file may have to install it first.
  const { rollup } = await import('rollup');
  try {
    const bundled = await rollup({
      input: entry,
      external: (id) => !id.startsWith('.') && !isAbsolute(id),
      plugins: [compiledSources, importedLater(nameOfLater)],
      onLog(level, log) {
        // Modules that import each other, say: in one file the order in which they are evaluated is all that they have.
        if (level === 'warn') throw new Error(log.message);
      },
    });
    const output = { file, sourcemap: true, sourcemapExcludeSources: true };
    await bundled.write({ ...output, format: 'es', generatedCode: 'es2015' });
    await bundled.close();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`rollup can't make one file of ${entry}: ${why}`);
  }
}

/** With the maps that lead from there to the sources. */
const compiledSources = {
  name: 'compiled-sources',
  load(/** @type {string} */ id) {
    const map = existsSync(`${id}.map`) ? readFileSync(`${id}.map`, 'utf8') : null;
    return { code: readFileSync(id, 'utf8'), map };
  },
};

/** @param {(module: string) => string} nameOfLater */
function importedLater(nameOfLater) {
  return {
    name: 'imported-later',
    resolveDynamicImport(/** @type {unknown} */ specifier, /** @type {string} */ importer) {
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return null;
      return { id: `./${nameOfLater(resolve(importer, '..', specifier))}`, external: true };
    },
  };
}
