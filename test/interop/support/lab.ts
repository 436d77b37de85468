import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program, ProgramSpec } from './program.ts';
import { startProgram } from './program.ts';

/**
 * What one test file has running: the programs that it started and one folder for all their files.
 * `after(lab.close)` ends the programs and removes the folder, whatever the outcome.
 */
export interface Lab {
  /** A folder of its own, gone after close(). */
  readonly dir: string;
  /** A new path in it. The number makes it unlike all before. */
  path(name: string): string;
  start(spec: ProgramSpec): Program;
  /** Has something undone when the lab closes, after its programs have ended; the last first. */
  onClose(undo: () => void): void;
  close(): Promise<void>;
}

export function openLab(): Lab {
  // A short path: a Unix socket's may have 107 characters.
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-lab-'));
  const programs: Program[] = [];
  const undoings: (() => void)[] = [];
  let paths = 0;
  return {
    dir,
    path: (name) => join(dir, `${++paths}-${name}`),
    start: (spec) => {
      const program = startProgram(spec);
      programs.push(program);
      return program;
    },
    onClose: (undo) => undoings.push(undo),
    close: async () => {
      await Promise.all(programs.map((program) => program.stop()));
      for (const undo of undoings.splice(0).reverse()) undo();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
