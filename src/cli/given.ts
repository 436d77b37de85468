import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import yargs from 'yargs';
import type { Setting } from './settings.ts';
import { environmentName } from './settings.ts';

/** One value as somebody wrote it, and where: `--listen`, `ROLLCALL_LISTEN`, `rollcall.yaml:3: listen`. */
export interface Given {
  readonly text: string;
  readonly place: string;
}

/** What one source says: values by key, and sentences about what it says wrongly. */
export interface GivenSettings {
  readonly values: ReadonlyMap<string, readonly Given[]>;
  readonly problems: readonly string[];
}

class Collector implements GivenSettings {
  readonly values = new Map<string, Given[]>();
  readonly problems: string[] = [];

  add(key: string, text: string, place: string): void {
    const list = this.values.get(key);
    if (list === undefined) this.values.set(key, [{ text, place }]);
    else list.push({ text, place });
  }
}

/** Reads a command's flags. `--config` and `--help` are among `settings` where the command has them. */
export function givenByFlags(args: readonly string[], settings: readonly Setting<unknown>[]): GivenSettings {
  const out = new Collector();
  const switches = settings.filter((setting) => setting.form === '').map((setting) => setting.key);
  const others = settings.filter((setting) => setting.form !== '').map((setting) => setting.key);
  const parsed: Record<string, unknown> = yargs([...args])
    .parserConfiguration({
      'boolean-negation': true,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .help(false)
    .version(false)
    .boolean(switches)
    .string(others)
    .exitProcess(false)
    .parseSync();
  for (const [key, value] of Object.entries(parsed)) {
    if (key === '$0' || value === undefined) continue;
    if (key === '_') complainAboutWords(value, out);
    else if (!settings.some((setting) => setting.key === key))
      complainAboutKey(`--${key}`, key, settings, out);
    else for (const text of [value].flat()) out.add(key, String(text), `--${key}`);
  }
  return out;
}

function complainAboutWords(words: unknown, out: Collector): void {
  for (const word of [words].flat()) {
    out.problems.push(
      `${JSON.stringify(String(word))}: a word without a flag; every setting starts with --.`,
    );
  }
}

/** Kubernetes sets such variables by itself where a Service is called rollcall: they are nobody's settings. */
const SERVICE_LINK = /_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT_[0-9]+_(TCP|UDP|SCTP)(_|$)/;
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

/** Reads the variables whose names start with ROLLCALL_; an empty one counts as not set. */
export function givenByEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  settings: readonly Setting<unknown>[],
): GivenSettings {
  const out = new Collector();
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('ROLLCALL_') || text === undefined || text === '') continue;
    if (SERVICE_LINK.test(name) || SERVICE_LINK_VALUE.test(text)) continue;
    const setting = settings.find((candidate) => environmentName(candidate.key) === name);
    if (setting === undefined) {
      complainAboutKey(
        name,
        name.slice('ROLLCALL_'.length).toLowerCase().replaceAll('_', '-'),
        settings,
        out,
      );
      continue;
    }
    const texts = setting.most > 1 ? text.split(',') : [text];
    for (const part of texts) out.add(setting.key, part.trim(), name);
  }
  return out;
}

/** A configuration of a hundred lines has some kilobytes: a file beyond this is another file. */
export const MAX_FILE_BYTES = 1_048_576;

const TWICE = 'this key is there twice; take one out, or write a list';
const QUOTES = 'put quotes around a value that holds brackets, or a colon and a space';

/** Reads the text of a YAML file: one map, from keys to a value or a list of values. */
export function givenByFile(
  name: string,
  text: string,
  settings: readonly Setting<unknown>[],
): GivenSettings {
  const out = new Collector();
  if (text.length > MAX_FILE_BYTES) {
    out.problems.push(`${name}: is longer than ${MAX_FILE_BYTES} bytes; name a configuration file.`);
    return out;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  for (const error of document.errors) {
    const what =
      error.code === 'DUPLICATE_KEY' ? TWICE : `not YAML: ${withoutFullStop(error.message)}; ${QUOTES}`;
    out.problems.push(`${name}:${lineOf(error.pos[0])}: ${what}.`);
  }
  const root = document.contents;
  if (out.problems.length > 0 || root === null) return out;
  if (!isMap(root)) {
    out.problems.push(
      `${name}:${lineOf(root.range?.[0])}: not a map; write lines such as "listen: 10.0.0.5:5060".`,
    );
    return out;
  }
  for (const { key, value } of root.items) {
    const keyText = isScalar(key) ? String(key.value) : String(key);
    const place = `${name}:${lineOf(isScalar(key) ? key.range?.[0] : 0)}`;
    const setting = settings.find((candidate) => candidate.key === keyText);
    if (setting === undefined) complainAboutKey(place, keyText, settings, out);
    else addFileValue(setting, value, place, (node) => `${name}:${lineOf(node)}`, out);
  }
  return out;
}

function addFileValue(
  { key, form }: Setting<unknown>,
  value: unknown,
  place: string,
  placeOf: (offset: number | undefined) => string,
  out: Collector,
): void {
  const nodes = isSeq(value) ? value.items : [value];
  for (const node of nodes) {
    if (isScalar(node) && node.value !== null) {
      out.add(key, node.source ?? String(node.value), `${placeOf(node.range?.[0])}: ${key}`);
    } else if (node === null || isScalar(node)) {
      out.problems.push(`${place}: ${key}: has no value; write one, or take the line out.`);
    } else {
      out.problems.push(`${place}: ${key}: takes a value or a list, not a map; write ${key}: ${form}.`);
    }
  }
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, '');
}

function complainAboutKey(
  place: string,
  key: string,
  settings: readonly Setting<unknown>[],
  out: Collector,
): void {
  const near = nearest(
    key,
    settings.map((setting) => setting.key),
  );
  const cure = near === undefined ? '--help lists them all' : `did you mean ${near}?`;
  out.problems.push(
    `${place}: there is no setting ${JSON.stringify(key)}; ${cure}${near === undefined ? '.' : ''}`,
  );
}

const NEAR = 2;

/** The key that differs by at most two letters, if there is one. */
export function nearest(word: string, keys: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = NEAR + 1;
  for (const key of keys) {
    const distance = Math.abs(key.length - word.length) > NEAR ? bestDistance : editDistance(word, key);
    if (distance < bestDistance) {
      best = key;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
