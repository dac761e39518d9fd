import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const judge = (...flags: string[]) =>
  run(['judge', 'four.jsonl', '-m', 'model', '--dtype', 'float32', ...flags], { cwd });
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = Array.from({ length: 10 }, (_, i) => ({
    id: `row ${i}`,
    prompt: `What is ${i}?`,
    completions: [`It is ${i * 7}.`, `No idea of ${i}.`, 'Why?', i % 3 === 0 ? 'Why?' : `${i}`],
  }));
  writeRows(cwd, 'four.jsonl', [
    ...rows,
    { prompt: 'Two?', completions: ['Yes', 'No'] },
    { prompt: 'None?', completions: ['x', 2, 'y'] },
  ]);
});
afterAll(remove);

it('rows of more than two answers are ranked, with what the judge says of each two', async () => {
  const ranked = await judge('--out', 'ranked.jsonl', '--write_pairs', 'ends.jsonl', '--cache', 'verdicts');
  expect(ranked.code, ranked.stderr).toBe(0);
  expect(ranked.stdout).toMatch(
    /^Rankings of 12 rows: 11 ranked, \d of them with more than one best answer\n49 comparisons: 0 ties, 0 without/,
  );
  const rows = rowsOf(text('ranked.jsonl')) as {
    id?: string;
    completions: string[];
    best: number;
    ranking: number[][];
    scores: { strength: number; low: number; high: number }[];
    matches: { a: number; b: number; winner: string }[];
    error?: string;
  }[];
  expect(rows.slice(0, 10).map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => `row ${i}`));
  for (const { completions, best, ranking, scores, matches } of rows.slice(0, 11)) {
    expect(ranking.flat().toSorted((a, b) => a - b)).toEqual(completions.map((_, i) => i));
    expect(ranking[0][0]).toBe(best);
    const points = completions.map(
      (_, i) => matches.filter((m) => (m.winner === 'a' ? m.a : m.b) === i).length,
    );
    if (new Set(completions).size === completions.length)
      expect(
        scores.every(({ strength }, i) =>
          scores.every((other, j) => points[i] <= points[j] || strength > other.strength),
        ),
      ).toBe(true);
  }
  // Equal answers have one place.
  expect(rows[0].ranking.find((tier) => tier.includes(2))).toContain(3);
  expect(rows[11]).toMatchObject({ best: null, ranking: [], error: expect.stringContaining('completion') });
  const ends = rowsOf(text('ends.jsonl'));
  expect(ends[1]).toEqual({
    prompt: expect.anything(),
    chosen: rows[1].completions[rows[1].best],
    rejected: rows[1].completions[rows[1].ranking.at(-1)![0]],
  });
  // The verdicts are those on pairs: nothing is asked again for another draw.
  const again = await judge('--cache', 'verdicts', '--out', 'again.jsonl');
  expect(again.stderr).toMatch(/^note: 49 verdicts were in verdicts$/m);
  expect(text('again.jsonl')).toBe(text('ranked.jsonl'));

  const swiss = await judge('--ranking', 'swiss', '--json', '--out', 'swiss.jsonl');
  expect(JSON.parse(swiss.stdout)).toMatchObject({ rows: 12, comparisons: 6 * 4 + 4 * 2 + 1, nulls: 0 });
  const other = await judge('--out', 'swiss.jsonl');
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringMatching(/ranking: expected "swiss", as the rows in swiss.jsonl began with/),
  ]);
  writeRows(cwd, 'own.jsonl', [{ prompt: 'q', completions: ['a', 'b', 'c'], best: 2, scores: [1] }]);
  const own = await run(['judge', 'own.jsonl', '-m', 'model'], { cwd });
  expect(own.stderr).toMatch(
    /^warning: columns of the rows are replaced by those of the ranking: best, scores$/m,
  );
  const by = await judge('--by', 'id');
  expect([by.code, by.stderr]).toEqual([2, expect.stringContaining('by: expected rows of two answers')]);
}, 180_000);
