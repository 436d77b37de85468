import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPO_ROOT } from '../support/repo-root.ts';

/** The committed files as whoever deploys them reads them, not as the code that makes them knows them. */

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
  }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: unknown;
      readonly allValue?: string;
    }[];
  };
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const OVERVIEW = 'grafana/dashboards/rollcall-overview.json';
export const RULES = 'deploy/prometheus/rollcall.rules.yml';

const read = (path: string): string => readFileSync(join(REPO_ROOT, path), 'utf8');

export function committedDashboard(): Dashboard {
  return JSON.parse(read(OVERVIEW)) as Dashboard;
}

export function committedRules(): readonly Rule[] {
  const file = parse(read(RULES)) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
  return file.groups.flatMap(({ rules }) => rules);
}

/** Every expression of the dashboard and of the rules, with where it stands. */
export function allExpressions(): { readonly where: string; readonly expr: string }[] {
  const ofPanels = committedDashboard().panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ refId, expr }) => ({ where: `panel "${panel.title}" ${refId}`, expr })),
  );
  const ofRules = committedRules().map(({ alert, expr }) => ({ where: `alert ${alert}`, expr }));
  return [...ofPanels, ...ofRules];
}
