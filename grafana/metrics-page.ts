import { METRICS } from '../src/metrics/catalog.ts';
import type { Label, Metric } from '../src/metrics/metric.ts';
import { GROUPS } from '../src/metrics/metric.ts';

const HEAD = `# Metrics

<!-- Made by \`npm run generate\` from src/metrics/catalog.ts: change it there. -->

What \`/metrics\` tells. Counters only ever grow, except by a restart; those whose label values are all listed here
are there from the start, at 0. A histogram \`x\` has the series \`x_bucket\`, \`x_sum\` and \`x_count\`. The series of the
process and of Node (\`process_…\`, \`nodejs_…\`) are added by prom-client; how late Node's event loop was is looked at
twice a second, so that a scrape less than a second after the one before may tell nothing of it. A datagram that is sent over
io_uring (\`--transport\`) is counted when the outcome is known, a tenth of a second later at most.

A label value that comes from traffic or configuration is at most 255 characters of printable ASCII: anything else in
it, and the percent sign, is shown as \`%\` and its code. Extensions are named in labels only within the series budget
(\`rollcall_series_budget\`): the series of one that was evicted disappears, while the totals without an \`aor\` label
never go back.
`;

/** The reference page: every metric of the catalogue, by group. */
export function metricsPage(): string {
  const metrics: readonly Metric[] = Object.values(METRICS);
  const chapters = GROUPS.map((group) => {
    const entries = metrics.filter((metric) => metric.group === group).map(entryOf);
    return `## ${group}\n\n${entries.join('\n')}`;
  });
  return `${HEAD}\n${chapters.join('\n')}`;
}

function entryOf({ name, type, help, labels, buckets }: Metric): string {
  const lines = [`### ${name}`, '', `${type}. ${help}.`, ''];
  for (const label of labels) lines.push(`- \`${label.name}\`: ${valuesOf(label)}`);
  if (buckets !== undefined) lines.push(`- buckets: ${buckets.join(', ')}`);
  if (lines.at(-1) !== '') lines.push('');
  return lines.join('\n');
}

function valuesOf(label: Label): string {
  if ('boundedBy' in label) return `bounded by ${label.boundedBy}`;
  return label.values.map((text) => `\`${text}\``).join(', ');
}
