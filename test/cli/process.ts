import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { after } from 'node:test';
import { commandPath } from '../support/command-path.ts';

const MAIN = commandPath();

/** What a test that failed left behind would keep its file from ending. */
const alive = new Set<ChildProcess>();
after(() => {
  for (const child of alive) child.kill('SIGKILL');
});

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A `rollcall` process, as a person starts it, with an environment that says nothing about Rollcall. */
export class RollcallProcess {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private out = '';
  private err = '';

  /** `under`: a program that starts it, with arguments of its own. `main`: another copy of what is compiled. */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    under: readonly string[] = [],
    main: string = MAIN,
  ) {
    const [program = '', ...rest] = [...under, process.execPath, main, ...args];
    this.child = spawn(program, rest, {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    alive.add(this.child);
    this.child.once('exit', () => alive.delete(this.child));
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => resolve({ code, out: this.out, err: this.err }));
    });
  }

  /** The first match in what it has written so far or writes yet; rejects where it ends without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const found = pattern.exec(this.out);
    if (found !== null) return found;
    return new Promise((resolve, reject) => {
      this.child.stdout?.on('data', () => {
        const match = pattern.exec(this.out);
        if (match !== null) resolve(match);
      });
      void this.ended.then(({ out, err }) => reject(new Error(`ended without ${pattern}: ${out}${err}`)));
    });
  }

  /** Of whatever stands in the place of `under` and Rollcall by now. */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error('it was not started');
    return this.child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}

export function rollcall(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new RollcallProcess(args, environment).ended;
}
