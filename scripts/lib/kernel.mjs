import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture } from './command.mjs';
import { inRoot, ROOT } from './paths.mjs';

const SOURCE = join('src', 'sip', 'kernel', 'kernel.as.ts');
/** Made of it at each build: the code as a module, so that whoever imports it needs no file system. */
export const KERNEL_CODE = join('src', 'sip', 'kernel', 'code.ts');
const COMPILE_LIMIT_MS = 2 * 60_000;
const BYTES_PER_LINE = 20;

/** AssemblyScript without a runtime: no allocation, no imports but the memory, which threads share. */
const FLAGS = [
  ...['--runtime', 'stub', '-O3', '--converge', '--noAssert', '--importMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65535', '--enable', 'simd', '--enable', 'threads'],
  ...['--enable', 'bulk-memory'],
];

/** Compiles the WebAssembly kernel and writes it where the other sources import it. */
export function compileKernel() {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-kernel-'));
  try {
    const out = join(folder, 'kernel.wasm');
    const compiler = inRoot('node_modules', 'assemblyscript', 'bin', 'asc.js');
    const done = capture([process.execPath, compiler, SOURCE, '--outFile', out, ...FLAGS], {
      cwd: ROOT,
      timeoutMs: COMPILE_LIMIT_MS,
    });
    if (!done.ok) throw new Error(`${SOURCE} does not compile:\n${done.output.trim()}`);
    writeIfNew(inRoot(KERNEL_CODE), moduleOf(readFileSync(out)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Buffer} code */
function moduleOf(code) {
  const lines = [];
  for (let at = 0; at < code.length; at += BYTES_PER_LINE) {
    lines.push(`  ${[...code.subarray(at, at + BYTES_PER_LINE)].join(', ')},`);
  }
  return `/** WebAssembly, compiled from kernel.as.ts by the build: not to be edited. */
export const CODE: Uint8Array<ArrayBuffer> = Uint8Array.of(
${lines.join('\n')}
);
`;
}

/** @param {string} path @param {string} text */
function writeIfNew(path, text) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}
