import { expect, it } from 'vitest';
import { tableProblems } from './wrongCalls.js';

it('names an export without a row, and the file where it goes', () => {
  class Pair {
    static of(): void {}
    swap(): void {}
  }
  const exports = { Pair, sum: () => 0, bag: { put: () => 0 }, PI: 3 };
  const all = ['new Pair', 'Pair.of', 'Pair#swap', 'sum', 'bag.put'];
  expect(tableProblems(exports, all, 'rows.ts')).toEqual([]);
  expect(tableProblems(exports, [...all.slice(0, 3), 'bag.put'], 'entries/')).toEqual([
    'sum: expected a row of right and wrong arguments in entries/, received none',
  ]);
  expect(tableProblems(exports, [...all, 'sum', 'difference'], 'rows.ts')).toEqual([
    'difference: expected an export, received a name in rows.ts alone',
    'sum: expected one row in rows.ts, received two',
  ]);
});
