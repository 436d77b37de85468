import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RollcallProcess, rollcall } from '../cli/process.ts';

/** Sum of the samples of a metric whose labels hold `labels`. */
function sumOf(exposition: string, name: string, labels = ''): number {
  let sum = 0;
  for (const line of exposition.split('\n')) {
    if (line.startsWith(`${name}{`) && line.includes(labels))
      sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}

/** While Rollcall warms up, a contact that it sees for the first time is learned: it may be an old one. */
const WATCHED: readonly (readonly [string, string])[] = [
  ['rollcall_register_results_total', 'result="challenged"'],
  ['rollcall_register_results_total', 'result="auth_failure"'],
  ['rollcall_aor_auth_failures_total', 'aor="2041@'],
  ['rollcall_binding_changes_total', 'change="learned"'],
  ['rollcall_binding_changes_total', 'change="removed"'],
];

describe('rollcall demo', () => {
  it('shows what happens while it happens, and has counted what its PBX knows', async () => {
    const demo = new RollcallProcess(['demo', '--for', '22']);
    const [, url] = await demo.says(/^Open {2}(http\S+)$/m);
    assert.ok(url);
    const scrape = async () => {
      const text = await (await fetch(url)).text();
      return WATCHED.map(([name, labels]) => sumOf(text, name, labels));
    };
    await demo.says(/^ *10 s .*$/m);
    const first = await scrape();
    for (const [i, value] of first.entries()) assert.ok(value > 0, `${WATCHED[i]!.join(' ')} is 0`);
    await demo.says(/^The PBX restarts/m);
    await demo.says(/^ *20 s .*$/m);
    const second = await scrape();
    for (const [i, value] of second.entries()) {
      assert.ok(value > first[i]!, `${WATCHED[i]!.join(' ')} stands at ${value}`);
    }

    const { code, out, err } = await demo.ended;
    assert.deepEqual([code, err], [0, '']);
    const compared = [...out.matchAll(/^ {2}(\w+) +(\d+) (\S) (\d+)$/gm)];
    assert.deepEqual(
      compared.map(([, result]) => result),
      ['ok', 'challenged', 'stale', 'auth_failure', 'unknown_user', 'interval_too_brief'],
    );
    for (const [line, , counted, sign, known] of compared) {
      assert.equal(counted, known, line);
      assert.equal(sign, '=');
      assert.ok(Number(known) > 0, line);
    }
    assert.equal(out.includes('\x1b'), false, 'colours where there is no terminal');
  });

  it('ends on Ctrl-C with 0 and its comparison, even where npm passes on a second one', async () => {
    const demo = new RollcallProcess(['demo', '--for', '60']);
    await demo.says(/^Stop with Ctrl-C/m);
    demo.signal('SIGINT');
    demo.signal('SIGINT');
    const { code, out, err } = await demo.ended;
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^ {2}interval_too_brief +\d+ . \d+$/m);
  });

  it('takes the next HTTP port where the first is taken', async () => {
    const demos = [
      new RollcallProcess(['demo', '--for', '60']),
      new RollcallProcess(['demo', '--for', '60']),
    ];
    const ports = [];
    for (const demo of demos) ports.push((await demo.says(/^Open {2}http\S+?:(\d+)\/metrics$/m))[1]);
    assert.notEqual(ports[0], ports[1]);
    for (const demo of demos) demo.signal('SIGTERM');
    assert.deepEqual(await Promise.all(demos.map(async (demo) => (await demo.ended).code)), [0, 0]);
  });

  it('refuses what it does not know', async () => {
    assert.deepEqual(await rollcall(['demo', '--for', 'ever', '--fro', '3']), {
      code: 2,
      out: '',
      err: [
        'rollcall: --fro: there is no setting "fro"; did you mean for?',
        'rollcall: --for: "ever" is out of range; write a whole number from 1 to 86400.',
        '',
      ].join('\n'),
    });
  });
});
