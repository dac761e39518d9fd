import { Random } from '@selfjudge/base';
import { TreeBatch } from './treeBatch.js';
import type { TreeSequence } from '@selfjudge/text';
import { describe, expect, it } from 'vitest';
import { plan } from '../face/tensor.js';
import { pairsWithin, RowCounter, treeShape } from './planner.js';

function randomSequence(random: Random): TreeSequence {
  const tokens = Array.from({ length: 3 + random.below(6) }, () => random.below(3));
  const start = 1 + random.below(tokens.length - 1);
  return { tokens, targets: [[start, tokens.length]], state: random.below(2) };
}

describe('plan', () => {
  it('keeps groups whole and in order under the budget', () => {
    const random = new Random(1);
    const groups = Array.from({ length: 40 }, () => ({
      sequences: [randomSequence(random), randomSequence(random)],
    }));
    const trees = [...plan(groups, 30)];
    expect(trees.flatMap((t) => t.groups)).toEqual(groups);
    expect(trees.length).toBeGreaterThan(3);
    for (const { batch, groups: inTree } of trees) {
      expect(batch.rows <= 30 || inTree.length === 1).toBe(true);
    }
  });

  it('gives a group over the budget a tree of its own', () => {
    const big = { sequences: [{ tokens: Array.from({ length: 50 }, (_, i) => i) }] };
    const small = { sequences: [{ tokens: [1, 2] }] };
    const sizes = [...plan([small, big, small], 10)].map((t) => t.batch.rows);
    expect(sizes).toEqual([2, 50, 2]);
  });

  it('counts shared rows once: as many as the tree has', () => {
    const random = new Random(2);
    for (let round = 0; round < 50; round++) {
      const sequences = Array.from({ length: 1 + random.below(8) }, () => randomSequence(random));
      const counter = new RowCounter();
      counter.add(sequences);
      expect(counter.rows).toBe(TreeBatch.from(sequences).rows);
    }
  });

  it('counts the rows that a row sees: of its path the last so many that a window holds', () => {
    // Rows at depths 0 to 4, and two branches of 2 more.
    const path = [1, 2, 3, 4, 5];
    const sequences = [[...path, 6, 7], [...path, 8, 9], path].map((tokens) => ({ tokens }));
    const depths = [0, 1, 2, 3, 4, 5, 6, 5, 6];
    const shape = treeShape(sequences);
    expect(shape).toEqual({ rows: 9, headRows: 0, pairs: 41, rowsAt: [1, 1, 1, 1, 1, 2, 2] });
    for (const window of [undefined, 1, 3, 6, 7, 100]) {
      const seen = depths.map((depth) => Math.min(depth + 1, window ?? Infinity));
      expect(pairsWithin(shape, window)).toBe(seen.reduce((sum, n) => sum + n));
    }
  });

  it('refuses a budget below one row', () => {
    expect(() => [...plan([], 0)]).toThrow(/tokenBudget/);
  });
});
