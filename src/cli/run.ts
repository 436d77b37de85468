import { startApp } from '../app.ts';
import type { Command, ExitCode } from './command.ts';
import { complain, sentenceOf, signalled } from './command.ts';
import { loadConfig } from './config.ts';
import { configuredHelp } from './help.ts';
import { ownVersion, PROCESS_SURROUNDINGS } from './surroundings.ts';

export const RUN: Command = {
  help: () =>
    configuredHelp(
      'run',
      'Forwards SIP over UDP between phones and registrar; tells registrations as metrics.',
    ),
  execute,
};

async function execute(args: readonly string[]): Promise<ExitCode> {
  const loaded = loadConfig(args, PROCESS_SURROUNDINGS);
  if ('problems' in loaded) {
    complain(...loaded.problems);
    return 2;
  }
  const stopAsked = signalled('SIGTERM', 'SIGINT');
  const app = await startApp(loaded.config, { version: ownVersion() });
  const end = await Promise.race([stopAsked, app.crashed]);
  if (end instanceof Error) {
    complain(`forwarding ended by itself: ${sentenceOf(end)}`);
    return 1;
  }
  await app.stop();
  return 0;
}
