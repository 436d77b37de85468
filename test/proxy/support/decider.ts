/** A process of its own: scenes as JSON on standard input, what was decided as JSON on standard output. */
import { decided } from './deciding.ts';
import type { Scene } from './scenes.ts';

interface WiredScene extends Omit<Scene, 'datagram'> {
  readonly datagram: string;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const scenes = JSON.parse(Buffer.concat(chunks).toString('utf8')) as WiredScene[];
// Backwards, so that whatever one leaves behind would meet another than it does in the other process.
const decisions = scenes
  .toReversed()
  .map((scene) => decided({ ...scene, datagram: new Uint8Array(Buffer.from(scene.datagram, 'base64')) }))
  .map((text) => Buffer.from(text, 'latin1').toString('base64'))
  .toReversed();
process.stdout.write(JSON.stringify(decisions));
