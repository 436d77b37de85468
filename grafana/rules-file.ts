import { stringify } from 'yaml';
import type { AlertRule } from './rules.ts';
import { ALERT_RULES } from './rules.ts';

export const RUNBOOK = 'docs/RUNBOOK.md';

const HEADER = `# Alerts on Rollcall. Made by \`npm run generate\` from grafana/rules.ts: change them there.
# They rest on the job name "rollcall" of the scrape configuration beside this file.
`;

/** A heading's address, as GitHub and most renderers of Markdown make it. */
export const anchorOf = (alert: string): string => alert.toLowerCase();

/** The rule file that Prometheus loads. */
export function rulesFile(): string {
  return (
    HEADER + stringify({ groups: [{ name: 'rollcall', rules: ALERT_RULES.map(ruleOf) }] }, { lineWidth: 0 })
  );
}

function ruleOf({ alert, severity, expr, summary, description, ...rest }: AlertRule): object {
  return {
    alert,
    expr: expr.trim(),
    ...(rest.for === undefined ? {} : { for: rest.for }),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${RUNBOOK}#${anchorOf(alert)}` },
  };
}
