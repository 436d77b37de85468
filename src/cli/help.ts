import { CONFIG_FILE } from './config.ts';
import type { Group, Setting } from './settings.ts';
import { SETTINGS } from './settings.ts';

const GROUPS: readonly Group[] = ['Addresses', 'Calls and messages', 'Metrics', 'Running'];

/** A line per setting, in their groups, with what holds where nobody says anything. */
export function settingsHelp(settings: readonly Setting<unknown>[]): string {
  const width = Math.max(...settings.map((setting) => flagOf(setting).length));
  const lineOf = (setting: Setting<unknown>) => {
    return `  ${flagOf(setting).padEnd(width)}  ${setting.help}${defaultOf(setting)}`;
  };
  const groups = GROUPS.map((group) => settings.filter((setting) => setting.group === group));
  return groups
    .filter((members) => members.length > 0)
    .map((members) => [`${members[0]!.group}:`, ...members.map(lineOf)].join('\n'))
    .join('\n');
}

function flagOf({ key, form, most }: Setting<unknown>): string {
  return `--${key}${form === '' ? '' : ` ${form}`}${most > 1 ? ' …' : ''}`;
}

function defaultOf({ form, otherwise, shownDefault }: Setting<unknown>): string {
  const shown = shownDefault ?? (form === '' ? 'off' : otherwise);
  return shown === undefined ? '' : ` [${shown}]`;
}

/** The help of a command that takes a whole configuration. */
export function configuredHelp(name: string, purpose: string): string {
  return `rollcall ${name} --registrar HOST[:PORT] [FLAG…]
${purpose}

${settingsHelp([...SETTINGS, CONFIG_FILE])}

Each flag is also a key of the YAML file (without --) and a variable: --http, http:, ROLLCALL_HTTP
(lists: commas). Flags go over variables, these over the file. Defaults stand in brackets;
what has … may be given several times.
`;
}
