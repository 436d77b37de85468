import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPO_ROOT } from '../support/repo-root.ts';

const FOLDER = join(REPO_ROOT, 'docs', 'pbx');
const PAGES = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
/** What runs nowhere in our tests. */
const UNTRIED = ['avaya.md', 'freepbx.md', 'freeswitch.md'];

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase());
  return headings.map((heading) => heading.replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

describe('docs/pbx', () => {
  it('has a page for each PBX, and the index leads to all of them', () => {
    const pages = PAGES.map(({ name }) => name).filter((name) => name !== 'README.md');
    assert.ok(pages.length >= 6);
    const index = PAGES.find(({ name }) => name === 'README.md')!.text;
    for (const page of pages) assert.ok(index.includes(`](${page})`), page);
  });

  it('points only to what is there', () => {
    for (const { name, text } of PAGES) {
      const prose = text.replaceAll(/^ *```.*?^ *```/gms, '');
      for (const [, path = '', anchor] of prose.matchAll(/\]\(([^)#:]*)(?:#([^)]+))?\)/g)) {
        const target = path === '' ? join(FOLDER, name) : join(FOLDER, path);
        assert.ok(existsSync(target), `${name}: ${path}`);
        if (anchor === undefined) continue;
        assert.ok(anchorsOf(readFileSync(target, 'utf8')).includes(anchor), `${name}: ${path}#${anchor}`);
      }
    }
  });

  it('begins each page with what bans Rollcall, and says what was not tried', () => {
    for (const { name, text } of PAGES.filter((page) => page.name !== 'README.md')) {
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);
      const ban = headings.findIndex((heading) => heading.includes('must not ban Rollcall'));
      assert.ok(ban >= 0 && ban < headings.indexOf('Mode'), name);
      assert.equal(text.includes('**Not tried here.**'), UNTRIED.includes(name), name);
    }
  });

  it('names only metrics that are in the catalogue', () => {
    const catalogue = readFileSync(join(REPO_ROOT, 'docs', 'METRICS.md'), 'utf8');
    for (const { name, text } of PAGES) {
      for (const [metric] of text.matchAll(/\brollcall_[a-z_]+/g)) {
        assert.ok(catalogue.includes(`### ${metric}\n`), `${name}: ${metric}`);
      }
    }
  });
});
