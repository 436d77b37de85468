import { metricsPage } from './metrics-page.ts';
import { overview } from './overview.ts';
import { rulesFile } from './rules-file.ts';

/** A file that is made from the catalogue and committed all the same, so that it can be used as it is. */
export interface GeneratedFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'grafana/dashboards/rollcall-overview.json', text: `${JSON.stringify(overview(), null, 2)}\n` },
    { path: 'deploy/prometheus/rollcall.rules.yml', text: rulesFile() },
    { path: 'docs/METRICS.md', text: metricsPage() },
  ];
}
