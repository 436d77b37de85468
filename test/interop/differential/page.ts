import type { DifferenceClass, Ground } from './classes.ts';
import { CLASSES } from './classes.ts';

const HEAD = `# Differences from Kamailio

<!-- Made by \`npm run generate\` from the classes in test/interop/differential/: change them there. -->

Rollcall is compared with a real Kamailio 5.6 that does \`force_rport(); forward()\`, with the checks of RFC 3261
section 16.3 that it has (\`test/interop/parts/kamailio-forwarder.cfg\`). Both get the same datagrams from the same
addresses, thousands of them: the messages of RFC 4475 and RFC 5118, generated ones, damaged ones, and responses that
come back through each one's own Via, damaged, too. They agree where both forward, both answer with the same code or
both say nothing; and where they forward, in method, Request-URI, headers (order and bytes), body, Max-Forwards,
Record-Route, target, and the Vias but for what each adds.

Where they do not, the difference must be of one of the classes below, or the test fails. What class it is of is told
by the message and by what came out, not by what our code says of itself. The run prints how often it found each, and
an example.

For the comparison Rollcall runs with \`--rport force\` (what \`force_rport()\` does) and \`--contact-mode direct\`; for
some of the messages with \`path\`, where it stays in every dialog, beside a Kamailio that calls \`record_route()\`.
`;

const SECTIONS: Readonly<Record<Ground, readonly [title: string, text: string]>> = {
  rfc: ['What the RFC asks for', 'Here we do what the RFC says.'],
  decision: [
    'What we have decided',
    'Here the RFC leaves room, or following it to the letter would do harm. The section is named, and why we do as we do.',
  ],
};

/** docs/DIFFERENCES.md, whole. */
export function differencesPage(): string {
  const parts = (['rfc', 'decision'] as const).flatMap((ground) => {
    const [title, text] = SECTIONS[ground];
    return [`\n## ${title}\n\n${text}\n`, ...CLASSES.filter((each) => each.ground === ground).map(section)];
  });
  return HEAD + parts.join('');
}

function section({ id, title, theirs, ours, why }: DifferenceClass): string {
  return `\n### ${title}\n\n${theirs} ${ours}\n\n${why} (\`${id}\`)\n`;
}
