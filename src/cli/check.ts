import { accessSync, constants, existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Config } from '../config.ts';
import type { Machine } from '../forwarding/route-plan.ts';
import { planRoutes, planSockets, sourceTowards } from '../forwarding/route-plan.ts';
import { familiesOf, resolveRegistrars, systemLookup } from '../registrars/resolve.ts';
import { loadSecrets } from '../secrets/secret-file.ts';
import { endpointText } from '../sip/address.ts';
import type { Command, ExitCode } from './command.ts';
import { complain, sentenceOf } from './command.ts';
import { loadConfig } from './config.ts';
import { configuredHelp } from './help.ts';
import { PROCESS_SURROUNDINGS } from './surroundings.ts';

export const CHECK: Command = {
  help: () =>
    configuredHelp('check', 'Reads the configuration, looks names up, listens nowhere, changes nothing.'),
  execute,
};

async function execute(args: readonly string[]): Promise<ExitCode> {
  const loaded = loadConfig(args, PROCESS_SURROUNDINGS);
  if ('problems' in loaded) {
    complain(...loaded.problems);
    return 2;
  }
  const { lines, problems } = await inspect(loaded.config);
  complain(...problems);
  process.stdout.write(`${lines.join('\n')}\n`);
  return problems.length === 0 ? 0 : 1;
}

interface Findings {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** What this machine makes of a configuration that is well-formed. */
async function inspect(config: Config): Promise<Findings> {
  const lines: string[] = [];
  const problems: string[] = [];
  const attempt = async (step: () => void | Promise<void>) => {
    try {
      await step();
    } catch (error) {
      problems.push(sentenceOf(error));
    }
  };
  await attempt(() => inspectAddresses(config, lines));
  await attempt(() => inspectSecret(config, lines));
  await attempt(() => inspectInventory(config, lines));
  lines.push(`http       ${endpointText(config.http)}`);
  return { lines, problems };
}

async function inspectAddresses(config: Config, lines: string[]): Promise<void> {
  const machine: Machine = { interfaces: networkInterfaces(), sourceTowards };
  const sockets = planSockets(config, machine);
  for (const { bound, sentBy } of sockets) {
    const shown = sentBy.sameAs(bound) ? '' : `, known as ${endpointText(sentBy)}`;
    lines.push(`listen     ${endpointText(bound)}${shown}`);
  }
  const families = familiesOf(sockets.map(({ bound }) => bound));
  const registrars = await resolveRegistrars(config.registrars, families, systemLookup());
  const routes = await planRoutes(config, sockets, registrars, 0, machine);
  for (const [i, registrar] of registrars.entries()) {
    const role =
      i === 0 ? `active, from ${endpointText(sockets[routes.registrarSocket]!.sentBy)}` : 'standby';
    lines.push(`registrar  ${endpointText(registrar)}, ${role}`);
  }
  lines.push(`contacts   ${config.contactMode}`);
}

function inspectSecret({ secretFile }: Config, lines: string[]): void {
  if (secretFile === undefined) return;
  if (existsSync(secretFile)) {
    loadSecrets(secretFile);
    lines.push(`secret     ${secretFile}`);
  } else {
    lines.push(`secret     ${secretFile}, not there yet: the first start makes it`);
  }
}

function inspectInventory({ inventory }: Config, lines: string[]): void {
  if (inventory === undefined) return;
  try {
    accessSync(inventory, constants.R_OK);
  } catch (error) {
    const cure = 'name a readable file with one extension a line';
    throw new Error(`inventory: can't read ${inventory} (${sentenceOf(error)}); ${cure}.`);
  }
  lines.push(`inventory  ${inventory}`);
}
