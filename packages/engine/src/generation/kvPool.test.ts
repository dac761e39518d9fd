import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK, blocksFor, readsOf } from './kvPool.js';

/** A path in blocks: what it has in common with the path before it, in blocks, and its length. */
interface Path {
  common: number;
  length: number;
}

/** Rows of paths of a pool: all of one path in turn, or its last alone, and the same path again. */
function rowsOf(paths: readonly Path[], every: number) {
  let table: number[] = [];
  let next = 0;
  return paths.flatMap(({ common, length }) => {
    const blocks = blocksFor(length);
    table = Array.from({ length: blocks }, (_, i) => (i < common && i < table.length ? table[i] : next++));
    const own = table;
    const positions = Array.from({ length }, (_, i) => i).filter((i) => i % every === (length - 1) % every);
    return positions.map((position) => ({ position, table: own }));
  });
}

describe('readsOf', () => {
  it('counts pairs, and each key of a block once: of a window those in it', () => {
    const path = fc.record({ common: fc.nat({ max: 4 }), length: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(
        fc.array(path, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(1, 7, 1000),
        fc.constantFrom(0, 1, 3, 63, 64, 65, 100, 1000),
        (paths, every, window) => {
          const rows = rowsOf(paths, every);
          const keys = new Set<number>();
          let pairs = 0;
          for (const { position, table } of rows) {
            for (let i = 0; i <= position; i++) {
              if (window !== 0 && i <= position - window) continue;
              pairs++;
              keys.add(BLOCK * table[Math.floor(i / BLOCK)] + (i % BLOCK));
            }
          }
          expect(readsOf(rows, window)).toEqual({ pairs, keys: keys.size });
        },
      ),
      { numRuns: 100 },
    );
  });
});
