import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricKey } from './catalog.ts';
import { METRICS } from './catalog.ts';
import { labelValue } from './label-value.ts';
import type { Metric } from './metric.ts';
import type { Format } from './negotiate.ts';
import { READERS } from './readers.ts';
import type { HistogramReader, Sources } from './sources.ts';

export interface Exposition {
  /** Everything as it stands now, in one of the two text formats. */
  render(format: Format): Promise<Rendered>;
}

export interface Rendered {
  readonly contentType: string;
  readonly body: string;
}

export interface ExpositionOptions {
  /** Of the process and of Node; they need a timer and an observer that live as long as the process. */
  readonly processMetrics: 'include' | 'omit';
}

/**
 * The catalogue, read from the sources at every call and told through prom-client. Each exposition has
 * registries of its own, so several can live in one process.
 *
 * Throws if the sources count in other buckets than the catalogue says, which is a fault of ours.
 */
export function createExposition(sources: Sources, options: ExpositionOptions): Exposition {
  const metrics = [...ownMetrics(sources), ...processMetrics(options)];
  checkBuckets(sources);
  const registries = {
    prometheus: registryOf(metrics, Registry.PROMETHEUS_CONTENT_TYPE),
    openmetrics: registryOf(metrics, Registry.OPENMETRICS_CONTENT_TYPE),
  };
  return {
    async render(format) {
      const registry = registries[format];
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** What a prom-client registry asks of a metric; its own classes keep values, ours reads them when asked. */
interface CollectedMetric {
  readonly name: string;
  readonly type: string;
  get(): Promise<Collected>;
}

interface Collected {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly values: readonly Sample[];
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Where it is not the metric's own: `…_bucket`. */
  readonly metricName?: string;
}

type AnyRow = readonly [value: number | HistogramReader, ...labels: string[]];

function ownMetrics(sources: Sources): CollectedMetric[] {
  return (Object.keys(METRICS) as MetricKey[]).map((key) => {
    const metric: Metric = METRICS[key];
    const read: (sources: Sources) => Iterable<AnyRow> = READERS[key];
    const { name, type, help } = metric;
    return { name, type, get: async () => ({ name, type, help, values: samplesOf(metric, read(sources)) }) };
  });
}

function samplesOf(metric: Metric, rows: Iterable<AnyRow>): Sample[] {
  const samples: Sample[] = [];
  const isOpen = metric.labels.some((label) => 'boundedBy' in label);
  const seen = new Set<string>();
  for (const [value, ...given] of rows) {
    const labels: Record<string, string> = {};
    metric.labels.forEach((label, i) => {
      labels[label.name] = 'boundedBy' in label ? labelValue(given[i]!) : given[i]!;
    });
    if (isOpen) {
      // Two long values can be made to collide; a series that stands twice would spoil the whole scrape.
      const identity = Object.values(labels).join('\n');
      if (seen.has(identity)) continue;
      seen.add(identity);
    }
    if (typeof value === 'number') samples.push({ value, labels });
    else samples.push(...histogramSamples(metric.name, value, labels));
  }
  return samples;
}

function histogramSamples(
  name: string,
  histogram: HistogramReader,
  labels: Record<string, string>,
): Sample[] {
  const samples: Sample[] = [];
  const add = (suffix: string, value: number, own: Sample['labels']): void => {
    samples.push({ metricName: name + suffix, value, labels: own });
  };
  let cumulative = 0;
  for (let i = 0; i <= histogram.bounds.length; i++) {
    cumulative += histogram.buckets[i]!;
    add('_bucket', cumulative, { ...labels, le: histogram.bounds[i] ?? '+Inf' });
  }
  add('_sum', histogram.sum, labels);
  // The sum of the buckets, not a count of its own: another thread may be counting while we read.
  add('_count', cumulative, labels);
  return samples;
}

/** How often Node looks whether its loop is late. Its own 10 ms are half of what an idle Rollcall costs. */
const LAG_SAMPLE_MS = 500;
/** Node counts the time between two looks, so what it calls a lag contains the pause that was wanted. */
const CONTAINS_PAUSE = /^nodejs_eventloop_lag_(?:min|max|mean|p\d+)_seconds$/;

function processMetrics(options: ExpositionOptions): CollectedMetric[] {
  if (options.processMetrics === 'omit') return [];
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS });
  const all = registry.getMetricsAsArray() as unknown as CollectedMetric[];
  // Three gauges of prom-client are named like counters; each is the sum of another metric that is there too.
  const wellNamed = all.filter(({ name, type }) => type === 'counter' || !name.endsWith('_total'));
  return wellNamed.map((metric) => ({
    name: metric.name,
    type: metric.type,
    get: async () => {
      const collected = await metric.get();
      const values = collected.values.filter(isMeasured);
      return { ...collected, values: CONTAINS_PAUSE.test(metric.name) ? values.map(withoutPause) : values };
    },
  }));
}

/** Of a time span in which it measured nothing Node says not a number, and the largest of all as the least. */
function isMeasured({ value }: Sample): boolean {
  return !Number.isNaN(value) && value !== 2 ** 63 / 1e9;
}

function withoutPause(sample: Sample): Sample {
  return { ...sample, value: Math.max(0, sample.value - LAG_SAMPLE_MS / 1000) };
}

type ContentType = typeof Registry.PROMETHEUS_CONTENT_TYPE | typeof Registry.OPENMETRICS_CONTENT_TYPE;

function registryOf(metrics: readonly CollectedMetric[], contentType: ContentType): Registry<ContentType> {
  const registry = new Registry<ContentType>();
  registry.setContentType(contentType);
  const forOpenMetrics = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  for (const metric of metrics) {
    // OpenMetrics names a counter's family without the suffix; prom-client puts it back on every sample.
    const isFamilyName = forOpenMetrics && metric.type === 'counter';
    const name = isFamilyName ? metric.name.replace(/_total$/, '') : metric.name;
    const named = { name, type: metric.type, get: async () => ({ ...(await metric.get()), name }) };
    // prom-client's types admit its own classes only, though get() is all that it calls.
    registry.registerMetric(named as unknown as Parameters<typeof registry.registerMetric>[0]);
  }
  return registry;
}

function checkBuckets(sources: Sources): void {
  for (const key of Object.keys(METRICS) as MetricKey[]) {
    const metric: Metric = METRICS[key];
    if (metric.buckets === undefined) continue;
    const expected = metric.buckets.join(' ');
    const rows: Iterable<AnyRow> = READERS[key](sources);
    for (const [value] of rows) {
      const counted = typeof value === 'number' ? '' : value.bounds.join(' ');
      if (counted !== expected) {
        throw new Error(
          `${metric.name} is counted in the buckets ${counted}, but the catalogue says ${expected}`,
        );
      }
    }
  }
}
