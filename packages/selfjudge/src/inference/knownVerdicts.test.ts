import { ConfigError } from '@selfjudge/base';
import type { Verdict } from '@selfjudge/judging';
import { expect, it } from 'vitest';
import { assertColumn, labelOf, labelOfRow, summaryOf, unknownLabelsNote } from './knownVerdicts.js';

const row = (line: number, columns: Record<string, unknown>) => ({ line, columns, value: columns });
const won = (winner: Verdict['winner']): Verdict => ({ winner, scoreA: 1, scoreB: 0, probability: 0.5 });

it('labels: chosen is a, else what was given, else the winner', () => {
  expect(labelOf({ chosen: 'x', rejected: 'y', winner: 'b' })).toEqual({ label: 'a' });
  expect(labelOf({ a: 'x', b: 'y', winner: 1 })).toEqual({ label: 'b' });
  expect(labelOf({ a: 'x', b: 'y', winner: 0 })).toEqual({ label: 'a' });
  // Judged before: the winner is that judge's, what people said stands beside it.
  expect(labelOf({ a: 'x', b: 'y', winner: 'a', given_winner: 'tie' })).toEqual({ label: 'tie' });
  for (const written of [{ orders: [] }, { score_a: 1, score_b: 0 }])
    expect(labelOf({ a: 'x', b: 'y', winner: 'a', probability: 0.9, ...written })).toEqual({});
  // Two answers under completions are not those of chosen and rejected.
  expect(labelOf({ completions: ['x', 'y'], chosen: 'y', rejected: 'x', winner: 'b' })).toEqual({
    label: 'b',
  });
  for (const none of [undefined, { winner: null }, { a: 'x' }]) expect(labelOf(none)).toEqual({});
  const labels = ['a', 'A', 2, null].map((winner, i) => ({ line: i + 1, ...labelOf({ winner }) }));
  expect(unknownLabelsNote(labels)).toBe(
    '2 of 4 rows have another winner than a, b, tie, 0 or 1 (line 2: "A"): no label',
  );
  expect(unknownLabelsNote(labels.slice(0, 1))).toBeUndefined();
  // Of rows of other makers their shape says who is better.
  const shaped = { line: 1, columns: { annotator1: 2 }, known: { a: 'x', b: 'y', winner: 'b' } } as const;
  expect(labelOfRow({ ...shaped, value: shaped.columns })).toEqual({ label: 'b' });
});

it('sums up all rows, and each value of a column', () => {
  const rows = [
    row(1, { winner: 'a', domain: 'code' }),
    row(2, { winner: 'b', domain: 'code' }),
    row(3, { winner: 'a', domain: 7 }),
    { line: 4, problem: { code: 'broken-line', reason: 'no JSON' } } as const,
  ];
  const summary = summaryOf(rows, [won('a'), won('a'), won('tie'), won(null)], 'domain');
  expect(summary).toMatchObject({ rows: 4, accuracy: { value: 0.5, n: 3 }, nulls: { value: 0.25, n: 4 } });
  expect(summary.by).toMatchObject({
    column: 'domain',
    values: [
      { value: 'code', rows: 2, accuracy: { value: 0.5, n: 2 } },
      { value: '7', rows: 1, accuracy: { value: 0.5, n: 1 }, ties: { value: 1, n: 1 } },
      { value: '(none)', rows: 1, nulls: { value: 1, n: 1 } },
    ],
  });
});

it('names a column that no row has', () => {
  const rows = [row(1, { winner: 'a', domain: 'code' })];
  expect(() => assertColumn('domain', rows)).not.toThrow();
  expect(() => assertColumn('domian', rows)).toThrow(ConfigError);
  expect(() => assertColumn('domian', rows)).toThrow(
    /^by: expected a column of the rows: winner, domain.*did you mean 'domain'/,
  );
});
