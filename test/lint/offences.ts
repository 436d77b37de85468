/** A file that must not pass the lint run, and what the run must say of it. */
export interface Offence {
  readonly path: string;
  readonly source: string;
  readonly rule: string;
  readonly says: string;
}

const IMPORTS = 'lint/style/noRestrictedImports';
const GLOBALS = 'lint/style/noRestrictedGlobals';

const imports = (folder: string, specifier: string): Offence => ({
  path: `${folder}/planted.ts`,
  source: `import { x } from '${specifier}';\nexport const y = x;\n`,
  rule: IMPORTS,
  says: specifier === 'prom-client' ? 'prom-client-outside-metrics' : 'import-direction',
});

const fromSource = (folder: string, specifier: string): Offence => ({
  ...imports(`src/${folder}`, specifier),
  says: 'import-direction',
});

const says = (path: string, source: string, rule: string, text: string): Offence => ({
  path,
  source: `${source}\n`,
  rule,
  says: text,
});

const PURE = ['sip', 'proxy', 'monitor'];

const IMPURE_EXPRESSIONS: readonly (readonly [name: string, expression: string])[] = [
  ['Buffer', "Buffer.from('x')"],
  ['TextDecoder', 'new TextDecoder()'],
  ['process', 'process.env.HOME'],
  ['Date', 'Date.now()'],
  ['Date', 'new Date()'],
  ['performance', 'performance.now()'],
  ['setTimeout', 'setTimeout(() => {}, 1)'],
  ['setInterval', 'setInterval(() => {}, 1)'],
  ['crypto', 'crypto.randomUUID()'],
  ['globalThis', 'globalThis.name'],
  ['require', "require('node:fs')"],
];

/** Imports against the direction sip ← proxy, sip ← monitor, {proxy, monitor} ← metrics, proxy ← secrets, proxy ← net ← rehearsal ← forwarding. */
export const WRONG_DIRECTIONS: readonly Offence[] = [
  fromSource('sip', '../proxy/decide.ts'),
  fromSource('sip', '../secrets/signer.ts'),
  fromSource('sip', 'lru-cache'),
  fromSource('proxy', '../monitor/ledger.ts'),
  fromSource('proxy', '../net/ring/writer.ts'),
  fromSource('proxy', '../sip/../net/ring/writer.ts'),
  fromSource('proxy', './../secrets/signer.ts'),
  fromSource('proxy', 'lru-cache'),
  fromSource('monitor', '../proxy/decide.ts'),
  fromSource('monitor', '../metrics/catalog.ts'),
  fromSource('monitor', 'pino'),
  fromSource('secrets', '../net/ring/writer.ts'),
  fromSource('forwarding', '../monitor/ledger.ts'),
  fromSource('forwarding', '../metrics/catalog.ts'),
  fromSource('forwarding', '../net/../log.ts'),
  fromSource('rehearsal', '../monitor/monitor.ts'),
  fromSource('rehearsal', '../forwarding/thread.ts'),
  fromSource('rehearsal', '../net/../app.ts'),
  fromSource('net', '../monitor/ledger.ts'),
  fromSource('net', '../metrics/catalog.ts'),
  fromSource('net', '../app.ts'),
  fromSource('net', 'pino'),
  fromSource('net/ring', '../../monitor/ledger.ts'),
  fromSource('net/ring', '../../app.ts'),
  fromSource('net/transport', '../../monitor/ledger.ts'),
  fromSource('net/transport', '../../app.ts'),
  fromSource('net/transport', '../../proxy/../app.ts'),
  fromSource('metrics', '../net/counters.ts'),
  fromSource('metrics', '../http/server.ts'),
  fromSource('metrics', 'node:fs'),
  fromSource('http', '../cli/run.ts'),
  imports('grafana', '../src/monitor/ledger.ts'),
];

export const PROM_CLIENT_ELSEWHERE: readonly Offence[] = [
  imports('src/http', 'prom-client'),
  imports('src/cli', 'prom-client'),
  imports('src', 'prom-client'),
  imports('grafana', 'prom-client'),
  { ...imports('src/monitor', 'prom-client'), says: 'import-direction' },
];

export const NODE_IN_PURE_FOLDERS: readonly Offence[] = PURE.flatMap((folder) => [
  fromSource(folder, 'node:fs'),
  fromSource(folder, 'node:fs/promises'),
  fromSource(folder, 'fs'),
  says(`src/${folder}/planted.ts`, "export { x } from 'node:fs';", IMPORTS, 'import-direction'),
  says(
    `src/${folder}/planted.ts`,
    "import type { X } from 'node:fs';\nexport type Y = X;",
    IMPORTS,
    'import-direction',
  ),
  says(`src/${folder}/planted.ts`, "export const x = import('node:fs');", IMPORTS, 'import-direction'),
  says(`src/${folder}/planted.ts`, 'export const x = (name: string) => import(name);', 'plugin', 'purity'),
  says(`src/${folder}/planted.ts`, "export type X = import('node:fs').Stats;", 'plugin', 'purity'),
]);

export const IMPURITIES: readonly Offence[] = PURE.flatMap((folder) => [
  ...IMPURE_EXPRESSIONS.map(([name, expression]) =>
    says(`src/${folder}/planted.ts`, `export const x = ${expression};`, GLOBALS, `global variable ${name}`),
  ),
  says(`src/${folder}/planted.ts`, 'export const x = (y: Buffer) => y;', GLOBALS, 'global variable Buffer'),
  says(
    `src/${folder}/planted.ts`,
    'export const x = Math.random();',
    'lint/nursery/noJsRestrictedProperties',
    'Math.random',
  ),
]);

export const HOUSE_RULES: readonly Offence[] = [
  says(
    'src/http/planted.ts',
    'const x = 1;\nexport default x;',
    'lint/style/noDefaultExport',
    'default export',
  ),
  says('src/http/planted.ts', "export { x } from './server.ts';", 'lint/performance/noBarrelFile', 'barrel'),
  says('src/http/planted.ts', "export * from './server.ts';", 'lint/performance/noReExportAll', 'export all'),
  says('src/http/planted.ts', 'export const x = (y: any) => y;', 'lint/suspicious/noExplicitAny', 'any'),
  says('src/http/planted.ts', "console.log('x');", 'lint/suspicious/noConsole', 'console'),
  says('src/http/planted.ts', 'export enum X { A }', 'lint/style/noEnum', 'enum'),
  says('src/http/plantedFile.ts', 'export const x = 1;', 'lint/style/useFilenamingConvention', 'filename'),
];
