import { describe, expect, it } from 'vitest';
import { isError } from '@selfjudge/base';
import { treePaths } from '@selfjudge/testing/oracle';
import { Random } from '@selfjudge/testing/random';
import { TreeBatch, treeOf } from './treeBatch.js';
import type { TreeSequence } from '@selfjudge/text';

/** The tokens on the path of each row. */
function paths(batch: TreeBatch): number[][] {
  return treePaths(batch.segments).map((path) => path.map((row) => batch.tokens[row]));
}

describe('treeOf', () => {
  it.each([
    ['a row', { tokens: [1, NaN, 2] }],
    ['a row', { tokens: [2 ** 32] }],
    ['a target', { tokens: [1, 2.5], targets: [[1, 2]] as [number, number][] }],
    ['a candidate', { tokens: [1], candidates: [{ position: 0, labels: [2 ** 31] }] }],
  ])('computes no other id in place of one that no int32 holds, as %s', (_, sequence) => {
    expect(() => treeOf([sequence])).toThrow('token ids');
  });
});

describe('TreeBatch.from', () => {
  it('keeps one path as one segment', () => {
    const batch = TreeBatch.from([{ tokens: [5, 6, 7] }]);
    expect([...batch.tokens]).toEqual([5, 6, 7]);
    expect([...batch.positions]).toEqual([0, 1, 2]);
    expect([...batch.segments]).toEqual([0, 3, -1]);
    expect(batch.stateRanges).toEqual([{ state: 0, start: 0, rows: 3 }]);
    expect(batch.headRows.length).toBe(0);
  });

  it('shares prefixes and splits at branches, in the order of the sequences', () => {
    const batch = TreeBatch.from([{ tokens: [1, 2, 3, 4] }, { tokens: [1, 2, 9] }, { tokens: [1, 2, 3, 5] }]);
    expect([...batch.tokens]).toEqual([1, 2, 3, 4, 5, 9]);
    expect([...batch.positions]).toEqual([0, 1, 2, 3, 3, 2]);
    expect([...batch.segments]).toEqual([0, 2, -1, 2, 1, 0, 3, 1, 1, 4, 1, 1, 5, 1, 0]);
  });

  it('splits a segment where a shorter sequence ends', () => {
    const batch = TreeBatch.from([{ tokens: [1, 2, 3, 4] }, { tokens: [1, 2] }]);
    expect([...batch.segments]).toEqual([0, 2, -1, 2, 2, 0]);
  });

  it('makes no row for a last token that is only a label', () => {
    const batch = TreeBatch.from([{ tokens: [1, 2, 3], targets: [[1, 3]] }]);
    expect([...batch.tokens]).toEqual([1, 2]);
    expect([...batch.headRows]).toEqual([0, 1]);
    expect([...batch.labels.label]).toEqual([2, 3]);
    expect([...batch.labels.position]).toEqual([1, 2]);
  });

  it('gives a branching row one label for each child', () => {
    const batch = TreeBatch.from([
      { tokens: [1, 2, 3], targets: [[2, 3]] },
      { tokens: [1, 2, 4], targets: [[2, 3]] },
    ]);
    expect(batch.rows).toBe(2);
    expect([...batch.headRows]).toEqual([1]);
    expect([...batch.labels.row]).toEqual([0, 0]);
    expect([...batch.labels.label]).toEqual([3, 4]);
    expect([...batch.labels.sequence]).toEqual([0, 1]);
  });

  it('orders labels by sequence, targets before candidates', () => {
    const batch = TreeBatch.from([
      { tokens: [1, 2, 3], candidates: [{ position: 2, labels: [8, 9] }], targets: [[1, 2]] },
      { tokens: [1], candidates: [{ position: 0, labels: [7] }] },
    ]);
    expect(batch.rows).toBe(3);
    expect([...batch.labels.label]).toEqual([2, 8, 9, 7]);
    expect([...batch.labels.row]).toEqual([0, 1, 1, 0]);
    expect([...batch.labels.position]).toEqual([1, 3, 3, 1]);
    expect([...batch.sums([-1, -2, -4, -8])]).toEqual([-1, 0]);
  });

  it('keeps the hidden rows that are wanted as triples of their own, beside labels or without any', () => {
    const batch = TreeBatch.from([
      { tokens: [1, 2, 3], hidden: [2, 0] },
      { tokens: [1, 2, 4, 5], targets: [[1, 2]], hidden: [2] },
      { tokens: [1, 2, 3], hidden: [2, 2] },
    ]);
    expect([...batch.tokens]).toEqual([1, 2, 3, 4]);
    expect([...batch.headRows]).toEqual([0, 2, 3]);
    expect([...batch.hidden.row]).toEqual([1, 0, 2, 1, 1]);
    expect([...batch.hidden.sequence]).toEqual([0, 0, 1, 2, 2]);
    expect([...batch.hidden.position]).toEqual([2, 0, 2, 2, 2]);
    expect([...batch.labels.row]).toEqual([0]);
    expect([...batch.sums([-1])]).toEqual([-0, -1, -0].map((x) => x + 0));
  });

  it('shares all rows of equal sequences and keeps the labels of each', () => {
    const same: TreeSequence = { tokens: [4, 5, 6], targets: [[1, 3]] };
    const batch = TreeBatch.from([same, same]);
    expect(batch.rows).toBe(2);
    expect([...batch.labels.row]).toEqual([0, 1, 0, 1]);
    expect([...batch.sums([1, 2, 3, 4])]).toEqual([3, 7]);
  });

  it('never shares rows between states and keeps the rows of a state together', () => {
    const batch = TreeBatch.from([
      { tokens: [1, 2], state: 3 },
      { tokens: [1, 2], state: 0 },
      { tokens: [1, 9], state: 3 },
    ]);
    expect(batch.stateRanges).toEqual([
      { state: 3, start: 0, rows: 3 },
      { state: 0, start: 3, rows: 2 },
    ]);
    expect([...batch.tokens]).toEqual([1, 2, 9, 1, 2]);
    // The key of a path is the same in every state.
    expect(batch.rowKeys.slice(0, 4)).toEqual(batch.rowKeys.slice(6, 10));
  });

  it('holds every path once and in its own segment, for random sequences', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new Random(seed);
      const sequences = Array.from({ length: 1 + random.below(12) }, () => ({
        tokens: Array.from({ length: 1 + random.below(9) }, () => random.below(3)),
      }));
      const batch = TreeBatch.from(sequences);
      const rows = paths(batch).map(String);
      expect(new Set(rows).size).toBe(batch.rows);
      const prefixes = sequences.flatMap(({ tokens }) =>
        tokens.map((_, p) => String(tokens.slice(0, p + 1))),
      );
      expect(new Set(rows)).toEqual(new Set(prefixes));
      expect([...batch.positions]).toEqual(rows.map((row) => row.split(',').length - 1));
      const keys = new Set(rows.map((_, row) => batch.rowKeys.slice(2 * row, 2 * row + 2).join()));
      expect(keys.size).toBe(batch.rows);
      for (let s = 0; s < batch.segments.length; s += 3) expect(batch.segments[s + 2]).toBeLessThan(s / 3);
    }
  });

  it('takes 10,000 tokens in milliseconds', () => {
    const random = new Random('speed');
    const prompt = Array.from({ length: 100 }, () => random.below(49_152));
    const sequences = Array.from({ length: 50 }, () => ({
      tokens: [...prompt, ...Array.from({ length: 100 }, () => random.below(49_152))],
      targets: [[100, 200]] as [number, number][],
    }));
    const times = Array.from({ length: 10 }, () => {
      const start = performance.now();
      TreeBatch.from(sequences);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(20);
  });

  it.each<[string, TreeSequence[]]>([
    ['at least one sequence', []],
    ['at least one token', [{ tokens: [] }]],
    ['a token id', [{ tokens: [1, -1] }]],
    ['a token id', [{ tokens: [1.5] }]],
    ['1 <= start < end <= 2', [{ tokens: [1, 2], targets: [[0, 1]] }]],
    ['1 <= start < end <= 2', [{ tokens: [1, 2], targets: [[1, 3]] }]],
    ['1 <= start < end <= 2', [{ tokens: [1, 2], targets: [[2, 2]] }]],
    ['a position from 0 to 1', [{ tokens: [1, 2], candidates: [{ position: 2, labels: [1] }] }]],
    ['a position from 0 to 1', [{ tokens: [1, 2], hidden: [2] }]],
    ['a position from 0 to 1', [{ tokens: [1, 2], hidden: [0.5] }]],
    ['token ids as labels', [{ tokens: [1, 2], candidates: [{ position: 1, labels: [-3] }] }]],
    ['a whole number', [{ tokens: [1], state: 0.5 }]],
  ])('refuses what is not %s', (expected, sequences) => {
    let caught: unknown;
    try {
      TreeBatch.from(sequences);
    } catch (error) {
      caught = error;
    }
    expect(isError(caught, 'SJ_WRONG_ARGUMENT')).toBe(true);
    expect((caught as Error).message).toContain(expected);
  });
});
