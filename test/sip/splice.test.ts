import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii, text, writeBytes } from '../../src/sip/bytes.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { Edits, INSERT_SLACK, MAX_EDITS, MAX_INSERT_BYTES } from '../../src/sip/splice.ts';
import { messageBytes, sipMessage } from '../support/arbitraries/message.ts';
import type { Window } from '../support/window.ts';
import { between } from '../support/window.ts';

/** One edit, its position counted from the start of the content. */
interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

/** Enters the edits in their order; the content starts at `base`. */
function enter(edits: Edits, list: readonly Edit[], base: number): void {
  for (const { at, remove, insert } of list) {
    if (insert === '') edits.remove(base + at, remove);
    else edits.replace(base + at, remove, writeBytes(edits.inserts, edits.writeAt, ascii(insert)));
  }
}

/** The edited text, by `copyTo`. */
function copied(content: string, list: readonly Edit[]): string | 'overflowed' {
  const edits = new Edits();
  const { bytes, start, end } = between(ascii('before'), ascii(content), ascii('behind'));
  enter(edits, list, start);
  if (edits.overflowed) return 'overflowed';
  const out = new Uint8Array(content.length + edits.growth + 2).fill(0x7e);
  const behind = edits.copyTo(bytes, start, end, out, 1);
  assert.equal(behind, 1 + content.length + edits.growth);
  assert.equal(text(out, 0, 1) + text(out, behind, behind + 1), '~~', 'wrote outside of its place');
  return text(out, 1, behind);
}

/** Room for a message in the kernel's memory. */
const ARENA_BYTES = 1 << 16;

/**
 * The edited text, by `applyInPlace` with so much room before the content; undefined where it answers -1. It is the same in the
 * kernel's memory, where other code moves the bytes.
 */
function inPlace(content: string, list: readonly Edit[], headroom: number): string | undefined {
  const window = between(new Uint8Array(headroom + 3).fill(0x7e), ascii(content), ascii('behind'));
  const result = inPlaceOf(window, list);
  if (kernel.bytes.length < KERNEL_BYTES + ARENA_BYTES) {
    kernel.moveTo(createSharedMemory(KERNEL_BYTES + ARENA_BYTES), ARENA_BYTES);
  }
  const { bytes, start, end } = between(
    new Uint8Array(headroom + 3).fill(0x7e),
    ascii(content),
    ascii('behind'),
  );
  kernel.bytes.set(bytes, 0);
  const again = inPlaceOf({ bytes: kernel.bytes, start, end }, list, bytes.length);
  assert.equal(again, result, 'in the kernel’s memory');
  return result;
}

/** The same in these bytes, of which so many count. */
function inPlaceOf(
  { bytes: all, start, end }: Window,
  list: readonly Edit[],
  length = all.length,
): string | undefined {
  const edits = new Edits();
  const bytes = all.subarray(0, length);
  const before = bytes.slice();
  enter(edits, list, start);
  const newStart = edits.applyInPlace(all, start, 3);
  assert.equal(text(bytes, end, bytes.length), 'behind', 'bytes behind the message');
  if (newStart < 0) {
    assert.deepEqual(bytes, before, 'refused, and yet changed');
    return undefined;
  }
  assert.ok(newStart >= 3);
  assert.equal(newStart, start - edits.growth);
  const untouched = text(bytes, 0, Math.min(newStart, start));
  assert.equal(untouched, '~'.repeat(untouched.length), 'bytes before the message');
  return text(bytes, newStart, end);
}

/** What the edits mean, said in another way: everything removed is marked, everything inserted is put before its position. */
function model(content: string, list: readonly Edit[]): string | 'overflowed' {
  const isRemoved = new Array<boolean>(content.length).fill(false);
  for (const [i, { at, remove }] of list.entries()) {
    for (const [j, other] of list.entries()) {
      if (i !== j && remove > 0 && other.at > at && other.at < at + remove) return 'overflowed';
      if (i !== j && remove > 0 && other.remove > 0 && other.at === at) return 'overflowed';
    }
    isRemoved.fill(true, at, at + remove);
  }
  let out = '';
  for (let at = 0; at <= content.length; at++) {
    for (const edit of list) if (edit.at === at) out += edit.insert;
    if (at < content.length && !isRemoved[at]) out += content[at];
  }
  return out;
}

describe('Edits', () => {
  const content = '0123456789';
  const cases: readonly (readonly [string, readonly Edit[], string])[] = [
    ['none', [], '0123456789'],
    ['an insertion', [{ at: 3, remove: 0, insert: 'abc' }], '012abc3456789'],
    ['a removal', [{ at: 3, remove: 2, insert: '' }], '01256789'],
    ['a replacement', [{ at: 3, remove: 2, insert: 'x' }], '012x56789'],
    ['at the start', [{ at: 0, remove: 1, insert: 'ab' }], 'ab123456789'],
    ['at the end', [{ at: 10, remove: 0, insert: 'ab' }], '0123456789ab'],
    ['everything removed', [{ at: 0, remove: 10, insert: '' }], ''],
    [
      'in descending order',
      [
        { at: 8, remove: 1, insert: 'b' },
        { at: 2, remove: 0, insert: 'a' },
      ],
      '01a234567b9',
    ],
    [
      'two insertions at one position keep their order',
      [
        { at: 5, remove: 0, insert: 'a' },
        { at: 2, remove: 0, insert: '-' },
        { at: 5, remove: 0, insert: 'b' },
      ],
      '01-234ab56789',
    ],
    [
      'an insertion behind a replacement at the same position',
      [
        { at: 0, remove: 5, insert: 'a' },
        { at: 0, remove: 0, insert: 'b' },
      ],
      'ab56789',
    ],
    [
      'insertions around a removal at the same position',
      [
        { at: 2, remove: 0, insert: 'a' },
        { at: 2, remove: 3, insert: '' },
        { at: 2, remove: 0, insert: 'b' },
      ],
      '01ab56789',
    ],
    [
      'removals side by side, an insertion between them',
      [
        { at: 5, remove: 2, insert: '' },
        { at: 3, remove: 2, insert: '' },
        { at: 5, remove: 0, insert: 'x' },
      ],
      '012x789',
    ],
    [
      'removals that overlap',
      [
        { at: 2, remove: 3, insert: '' },
        { at: 4, remove: 3, insert: '' },
      ],
      'overflowed',
    ],
    [
      'removals that overlap, the later one first',
      [
        { at: 4, remove: 3, insert: '' },
        { at: 2, remove: 3, insert: '' },
      ],
      'overflowed',
    ],
    [
      'the same bytes removed twice',
      [
        { at: 2, remove: 3, insert: '' },
        { at: 2, remove: 3, insert: '' },
      ],
      'overflowed',
    ],
    [
      'an insertion into removed bytes',
      [
        { at: 2, remove: 3, insert: '' },
        { at: 3, remove: 0, insert: 'x' },
      ],
      'overflowed',
    ],
  ];
  for (const [name, list, expected] of cases) {
    it(name, () => {
      assert.equal(copied(content, list), expected);
      assert.equal(model(content, list), expected, 'the model of the properties below');
    });
  }

  it('start anew after clear', () => {
    const edits = new Edits();
    enter(edits, [{ at: 1, remove: 2, insert: 'x' }], 0);
    enter(edits, [{ at: 1, remove: 2, insert: 'x' }], 0);
    assert.ok(edits.overflowed);
    edits.clear();
    assert.equal(edits.overflowed, false);
    assert.equal(edits.growth, 0);
    assert.equal(edits.writeAt, new Edits().writeAt);
    const out = new Uint8Array(4);
    assert.equal(edits.copyTo(ascii('abcd'), 0, 4, out, 0), 4);
    assert.equal(text(out, 0, 4), 'abcd');
  });
});

describe('lists that are made by turns', () => {
  const BASE = 64;
  const CONTENT = '0123456789';
  const EDITED = '0123aa456bb789';

  /** The content at BASE, in memory of its own or in the kernel's. */
  function laidOut(bytes: Uint8Array): Uint8Array {
    bytes.set(ascii(CONTENT), BASE);
    return bytes;
  }

  const TURNS: readonly (readonly [string, (other: Edits) => void])[] = [
    ['nobody else', () => {}],
    ['another list', (other) => other.clear()],
    [
      'another list that is written to',
      (other) => {
        other.clear();
        enter(other, [{ at: 0, remove: 0, insert: 'x'.repeat(900) }], 0);
      },
    ],
    ['a kernel that moves', () => kernel.moveTo(createSharedMemory(KERNEL_BYTES + 128), 128)],
  ];
  for (const [name, turn] of TURNS) {
    it(`keep what they insert: ${name}`, () => {
      const [list, other] = [new Edits(), new Edits()];
      kernel.moveTo(createSharedMemory(KERNEL_BYTES + 128), 128);
      list.clear();
      enter(list, [{ at: 4, remove: 0, insert: 'aa' }], BASE);
      turn(other);
      enter(list, [{ at: 7, remove: 0, insert: 'bb' }], BASE);

      const plain = laidOut(new Uint8Array(BASE + 20));
      const out = new Uint8Array(20);
      assert.equal(text(out, 0, list.copyTo(plain, BASE, BASE + 10, out, 0)), EDITED);
      for (const bytes of [plain, laidOut(kernel.bytes)]) {
        assert.equal(list.applyInPlace(bytes, BASE, 0), BASE - 4);
        assert.equal(text(bytes, BASE - 4, BASE + 10), EDITED);
      }
    });
  }
});

describe('limits of Edits', () => {
  it('MAX_EDITS fit in any order, one more does not', () => {
    for (const position of [(i: number) => i, (i: number) => MAX_EDITS - 1 - i]) {
      const edits = new Edits();
      for (let i = 0; i < MAX_EDITS; i++) edits.remove(position(i) * 2, 1);
      assert.equal(edits.overflowed, false);
      assert.equal(edits.growth, -MAX_EDITS);
      const out = new Uint8Array(MAX_EDITS);
      const content = ascii('ab'.repeat(MAX_EDITS));
      assert.equal(edits.copyTo(content, 0, content.length, out, 0), MAX_EDITS);
      assert.equal(text(out, 0, MAX_EDITS), 'b'.repeat(MAX_EDITS));
      edits.remove(MAX_EDITS * 2, 1);
      assert.equal(edits.overflowed, true);
      assert.equal(edits.count, MAX_EDITS);
    }
  });

  it('MAX_INSERT_BYTES fit, one more does not; before that there is always room for INSERT_SLACK', () => {
    const edits = new Edits();
    edits.replace(0, 0, edits.writeAt + MAX_INSERT_BYTES);
    assert.equal(edits.overflowed, false);
    assert.equal(edits.growth, MAX_INSERT_BYTES);
    assert.ok(edits.writeAt + INSERT_SLACK <= edits.inserts.length);
    edits.replace(0, 0, edits.writeAt + 1);
    assert.equal(edits.overflowed, true);
  });
});

describe('applyInPlace', () => {
  const content = '0123456789';

  it('grows towards the room before it, as long as there is some', () => {
    const list = [{ at: 4, remove: 1, insert: 'abc' }];
    assert.equal(inPlace(content, list, 2), '0123abc56789');
    assert.equal(inPlace(content, list, 1), undefined);
  });

  it('shrinks away from it', () => {
    assert.equal(inPlace(content, [{ at: 0, remove: 4, insert: 'x' }], 0), 'x456789');
    assert.equal(inPlace(content, [{ at: 4, remove: 6, insert: '' }], 0), '0123');
  });

  it('refuses edits that pull both ways', () => {
    const grow = { at: 2, remove: 0, insert: 'abc' };
    const shrink = { at: 6, remove: 2, insert: '' };
    assert.equal(inPlace(content, [grow, shrink], 9), undefined);
    assert.equal(
      inPlace(
        content,
        [
          { ...shrink, at: 0 },
          { ...grow, at: 6 },
        ],
        9,
      ),
      '2345abc6789',
    );
  });

  it('moves as one what stays as long as it was', () => {
    const there = { at: 1, remove: 2, insert: '' };
    const back = { at: 6, remove: 0, insert: 'ab' };
    assert.equal(inPlace(content, [there, back], 0), '0345ab6789');
    assert.equal(
      inPlace(
        content,
        [
          { ...there, at: 6 },
          { ...back, at: 1 },
        ],
        0,
      ),
      '0ab1234589',
    );
  });

  it('without an edit nothing moves', () => assert.equal(inPlace(content, [], 0), content));
});

describe('any edits', () => {
  const piece = fc.constantFrom('', 'a', 'bc', 'd'.repeat(70));
  const editAt = fc.record({ at: fc.nat(400), remove: fc.oneof(fc.constant(0), fc.nat(80)), insert: piece });
  const content = fc.oneof(
    fc.array(fc.constantFrom(...'0123456789'), { maxLength: 30 }).map((list) => list.join('')),
    sipMessage()
      .map(messageBytes)
      .map((bytes) => text(bytes, 0, bytes.length)),
  );
  const edited = fc
    .tuple(content, fc.array(editAt, { maxLength: 6 }))
    .map(([whole, list]) => [whole, list.map((edit) => within(whole, edit))] as const);

  /** The edit moved into the content. */
  function within(whole: string, { at, remove, insert }: Edit): Edit {
    const place = at % (whole.length + 1);
    return { at: place, remove: Math.min(remove, whole.length - place), insert };
  }

  /** The same edits, or those of them that get along. */
  function compatible(whole: string, list: readonly Edit[]): Edit[] {
    const kept: Edit[] = [];
    for (const edit of list) {
      kept.push(edit);
      if (model(whole, kept) === 'overflowed') kept.pop();
    }
    return kept;
  }

  it('copyTo does what they say, and overlaps are never carried out', () => {
    fc.assert(
      fc.property(edited, ([whole, list]) => {
        assert.equal(copied(whole, list), model(whole, list));
        const kept = compatible(whole, list);
        assert.equal(copied(whole, kept), model(whole, kept));
      }),
      { numRuns: 2000 },
    );
  });

  it('applyInPlace gives what copyTo gives, or refuses', () => {
    let applied = 0;
    fc.assert(
      fc.property(edited, fc.nat(150), ([whole, list], headroom) => {
        const kept = compatible(whole, list);
        const result = inPlace(whole, kept, headroom);
        if (result === undefined) return;
        applied++;
        assert.equal(result, copied(whole, kept));
      }),
      { numRuns: 2000 },
    );
    assert.ok(applied > 500, `only ${applied} were applied: the property says little`);
  });

  it('applyInPlace refuses no edits that all insert, or all remove', () => {
    fc.assert(
      fc.property(edited, ([whole, list]) => {
        const kept = compatible(whole, list);
        const insertions = kept.map((edit) => ({ ...edit, remove: 0 }));
        assert.equal(inPlace(whole, insertions, 500), copied(whole, insertions));
        const removals = kept.map((edit) => ({ ...edit, insert: '' }));
        assert.equal(inPlace(whole, removals, 0), copied(whole, removals));
      }),
      { numRuns: 500 },
    );
  });
});
