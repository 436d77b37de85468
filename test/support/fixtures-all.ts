import type { Fixture } from './fixtures.ts';
import { fixturesIn } from './fixtures.ts';

const FOLDERS = ['seed', 'rfc4475', 'rfc5118', 'repaired'];

/** Every message of the corpus, named by folder and file. */
export function everyFixture(): Fixture[] {
  return FOLDERS.flatMap((folder) =>
    fixturesIn(folder).map(({ name, bytes }) => ({ name: `${folder}/${name}`, bytes })),
  );
}
