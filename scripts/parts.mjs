#!/usr/bin/env node
// The real programs that the interop tests need.
//   node scripts/parts.mjs [PART…]             fetch what is missing (all parts where none is named)
//   node scripts/parts.mjs status [PART…]      say what is here, as JSON; fetches nothing
//   node scripts/parts.mjs exec PART COMMAND…  run a command of a part, such as: exec sipp sipp -v
import { passThrough, say } from './lib/command.mjs';
import { PARTS } from './lib/part-catalog.mjs';
import { ensureParts, tryPart } from './lib/parts.mjs';

const [verb, ...rest] = process.argv.slice(2);

if (verb === 'status') {
  const ids = rest.length > 0 ? rest : Object.keys(PARTS);
  process.stdout.write(`${JSON.stringify(ids.map(tryPart), null, 2)}\n`);
} else if (verb === 'exec') {
  const [id, ...command] = rest;
  const part = tryPart(id ?? '');
  if (!part.ok) {
    say(`${id}: ${part.reason}`);
    process.exitCode = 1;
  } else {
    const inside = part.chroot && part.dir ? ['chroot', part.dir] : [];
    process.exitCode = await passThrough([...inside, ...command], { env: { ...process.env, ...part.env } });
  }
} else {
  const ids = verb ? [verb, ...rest] : Object.keys(PARTS);
  for (const part of ensureParts(ids)) {
    say(
      part.ok
        ? `${part.id}: ready${part.dir ? ` in ${part.dir}` : ', this machine has it'}`
        : `${part.id}: MISSING, ${part.reason}`,
    );
    if (!part.ok) process.exitCode = 1;
  }
}
