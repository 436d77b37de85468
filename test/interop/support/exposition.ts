/** One sample of a Prometheus text exposition. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

function labelsOf(text: string): Record<string, string> {
  const unescaped = (value: string): string => value.replace(/\\[n"\\]/g, (pair) => ESCAPES[pair] ?? pair);
  return Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name, value]) => [name, unescaped(value ?? '')]),
  );
}

/** Reads what /metrics says. Lines that are no samples (comments, # EOF) are left out. */
export function parseExposition(text: string): ExposedSample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    return name && value
      ? [{ name, labels: labelsOf(labels), value: Number(value.replace('Inf', 'Infinity')) }]
      : [];
  });
}

/** The sum of all samples of a name whose labels include the given ones; 0 where there is none. */
export function total(
  samples: readonly ExposedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const fits = (sample: ExposedSample): boolean =>
    sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return samples.filter(fits).reduce((sum, { value }) => sum + value, 0);
}
