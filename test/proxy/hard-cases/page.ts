import { HARD_CASES } from './all.ts';
import type { Forward, HardCase, Monitored } from './hard-case.ts';

const HEAD = `# Hard cases

What becomes of messages that are broken, odd or hostile. This page is generated from the table that the tests run (\`test/proxy/hard-cases/\`, \`npm run generate\`): each line below is a test of its own, over exact bytes.

The proxy is 10.0.1.7, the registrar 10.0.1.8; the contact mode is \`direct\` where nothing else is said. *Parse* is what the parser says of the datagram as such (\`message\`: well-formed as far as it looks). *Forward* is what goes out: everything that is forwarded gets our Via, the sender's Via is stamped with what we saw (\`received\`, and \`rport\` where it asks or its sent-by is not its source) and \`Max-Forwards\` is one less; every other byte is as it was received unless the line says so. A reason is the value of the metric's label. *Monitor* is what the monitor sees of it, and makes of it.

The messages of RFC 4475 and RFC 5118 are all here; those without a number are not in our own list of hard cases.
`;

const COLUMNS = ['#', 'Input', 'What is hard', 'Section', 'Parse', 'Forward', 'Monitor'];

/** docs/HARD-CASES.md, whole. */
export function hardCasesPage(): string {
  const rows = HARD_CASES.map(lineOf);
  const table = [COLUMNS, COLUMNS.map(() => '---'), ...rows];
  return `${HEAD}\n${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function lineOf(hard: HardCase): readonly string[] {
  const { row, name, about, section, parse, forward, says, monitor } = hard;
  const verdict = [outcomeOf(forward), ...(says === undefined ? [] : [says])].join('; ');
  return [row === 0 ? '' : `${row}`, name, about, section, parse, verdict, monitorOf(monitor)].map(cell);
}

function outcomeOf(forward: Forward): string {
  if (forward.does === 'forwarded')
    return forward.to === '10.0.1.8:5060' ? 'forwarded' : `forwarded to ${forward.to}`;
  if (forward.does === 'answered') return `**${forward.status}** (\`${forward.reason}\`)`;
  return `${forward.does} (\`${forward.reason}\`)`;
}

function monitorOf({ tap, says }: Monitored): string {
  if (says !== undefined) return says;
  return { none: 'sees nothing', register: 'a REGISTER', register_response: 'its response' }[tap];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
