// What a process and its descendants take, as Linux tells it.
import { readdirSync, readFileSync } from 'node:fs';

const read = (/** @type {string} */ path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It ended meanwhile.
    return '';
  }
};

/** The process and its descendants. */
function treeOf(/** @type {number} */ root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(
      read(`/proc/${name}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/**
 * CPU time of each thread since it began, in microseconds, by its number; memory in MiB.
 *
 * @param {number} root
 * @returns {{ threadsUs: Map<number, number>, rssMib: number }}
 */
export function usageOf(root) {
  const threadsUs = new Map();
  let rssKib = 0;
  for (const pid of treeOf(root)) {
    rssKib += Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // Counted, where /proc/PID/stat is what the clock's ticks hit upon.
      threadsUs.set(
        Number(thread),
        Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000,
      );
    }
  }
  return { threadsUs, rssMib: rssKib / 1024 };
}
