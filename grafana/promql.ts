import { METRICS } from '../src/metrics/catalog.ts';
import type { ClosedLabel, Metric } from '../src/metrics/metric.ts';

/**
 * PromQL made from the catalogue: a metric that is renamed there is renamed here, and a label or a value that
 * it does not have does not compile.
 */

type LabelOf<M extends Metric> = M['labels'][number];
type ValueOf<L> = L extends ClosedLabel<string, infer V> ? V : string;

/** One value is matched as it is, several as alternatives. */
export type Matchers<M extends Metric> = {
  readonly [L in LabelOf<M> as L['name']]?: ValueOf<L> | readonly ValueOf<L>[];
};

type Histogram = Metric & { readonly type: 'histogram' };
type Plain = Metric & { readonly type: 'counter' | 'gauge' };
type Counter = Metric & { readonly type: 'counter' };

/** Where the expression stands; the name is put in front of it. */
export interface Scope {
  /** Matchers that every selector gets: `instance=~"$instance"`. */
  readonly matchers: readonly string[];
  /** The range of a rate: `5m`, `$__rate_interval`. */
  readonly window: string;
}

export function value<M extends Plain>(scope: Scope, metric: M, matchers?: Matchers<M>): string {
  return select(scope, metric.name, matchers);
}

export function rate<M extends Counter>(scope: Scope, metric: M, matchers?: Matchers<M>): string {
  return `rate(${select(scope, metric.name, matchers)}[${scope.window}])`;
}

/**
 * What a per-extension counter grew by. One that was born in the window was born above 0, so its value is its
 * growth, unless nothing was scraped before the window: then its age is not known.
 */
export function growth(scope: Scope, metric: Counter): string {
  const { window } = scope;
  const series = select(scope, metric.name);
  const scrapedBefore = `${select(scope, METRICS.buildInfo.name)} offset ${window}`;
  const newborn = `${series} unless ${series} offset ${window}`;
  return `((${newborn}) and on (instance, job) ${scrapedBefore} or increase(${series}[${window}]))`;
}

export function quantile<M extends Histogram>(
  scope: Scope,
  q: number,
  metric: M,
  by: readonly string[] = [],
): string {
  const buckets = `rate(${select(scope, `${metric.name}_bucket`)}[${scope.window}])`;
  return `histogram_quantile(${q}, ${sum(buckets, ['le', ...by])})`;
}

export function mean(scope: Scope, metric: Histogram, by: readonly string[] = []): string {
  const part = (suffix: string): string =>
    sum(`rate(${select(scope, metric.name + suffix)}[${scope.window}])`, by);
  return `${part('_sum')} / ${part('_count')}`;
}

export function sum(expression: string, by: readonly string[] = []): string {
  return by.length === 0 ? `sum(${expression})` : `sum by (${by.join(', ')}) (${expression})`;
}

/** A series that is not ours. */
export function select(scope: Scope, name: string, matchers: object = {}): string {
  const own = Object.entries(matchers).map(([label, wanted]) => matcher(label, wanted));
  const all = [...own, ...scope.matchers];
  return all.length === 0 ? name : `${name}{${all.join(', ')}}`;
}

function matcher(label: string, wanted: string | readonly string[]): string {
  if (typeof wanted === 'string') return `${label}="${wanted}"`;
  // Label values of the catalogue hold letters, digits, _ and +: only the last means something in a pattern.
  return `${label}=~"${wanted.map((text) => text.replaceAll('+', '\\\\+')).join('|')}"`;
}
