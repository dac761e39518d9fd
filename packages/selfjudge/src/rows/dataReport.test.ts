import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { reportData, type DataOptions } from './dataReport.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-data-report-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, rows: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}
const report = (files: string[], options: Partial<DataOptions> = {}) =>
  reportData(files, { promptFormat: 'standard', seed: 0, lengthOf: (text) => text.length, ...options });
const pair = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });

it('counts lengths, repeats and conflicts, over files and in either order', async () => {
  const a = file('a.jsonl', [
    pair('q', 'yes', 'no'),
    pair('Q ', 'x', 'yyy'),
    'broken',
    pair('q', 'same', 'same'),
  ]);
  const b = file('b.jsonl', [pair('q', 'no', 'yes'), pair('q', 'yes', 'no'), pair('r', 'aa', 'bb')]);
  const found = await report([a, b]);
  expect(found).toMatchObject({
    rows: 7,
    kinds: { preferences: 5 },
    shapes: { own: 6 },
    columns: { prompt: 6, chosen: 6, rejected: 6 },
    lengths: {
      prompt: { count: 5, mean: 1.2, median: 1, max: 2 },
      chosen: { count: 5, mean: 2.2, median: 2, p95: 3, max: 3 },
      rejected: { count: 5, mean: 2.4 },
    },
    longerWins: { pairs: 5, longer: 2, equal: 1 },
    duplicates: 1,
    repeatedPrompts: 3,
    conflicts: [{ file: b, line: 1, first: { file: a, line: 1 } }],
  });
  expect(found.leftOut.map(({ line, code }) => [line, code])).toEqual([
    [3, 'broken-line'],
    [4, 'equal-answers'],
  ]);
});

it('knows judgments with ties, labels and prompts', async () => {
  const judged = (winner: unknown, completions = ['long answer', 'b']) => ({
    prompt: 'q',
    completions,
    winner,
  });
  const found = await report([
    file('judged.jsonl', [
      judged('a'),
      judged('b', ['b', 'long answer']),
      judged('tie'),
      judged('b'),
      judged(null),
    ]),
  ]);
  expect(found).toMatchObject({
    kinds: { judgments: 4, pairs: 1 },
    labels: { a: 1, b: 2, tie: 1 },
    longerWins: { pairs: 3, longer: 2, equal: 0 },
    duplicates: 1,
    conflicts: [{ line: 4, first: { line: 1 } }],
  });
  const labelled = [true, false, true].map((label) => ({ prompt: 'q', completion: 'a', label }));
  expect(await report([file('labelled.jsonl', labelled)])).toMatchObject({
    labels: { true: 2, false: 1 },
    conflicts: [{ line: 2 }],
    duplicates: 1,
  });
  const others = [
    { prompt: 'p' },
    {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    },
  ];
  expect((await report([file('others.jsonl', others)])).kinds).toEqual({ prompts: 1, examples: 1 });
});

it('names the shape of rows', async () => {
  const row = { instruction: 'q', output_1: 'a', output_2: 'b', preference: 1 };
  const path = file('alpaca.jsonl', [row, { prompt: null, q: 1 }]);
  expect(await report([path])).toMatchObject({
    shapes: { 'alpaca-eval': 1 },
    kinds: { judgments: 1 },
    leftOut: [{ line: 2 }],
  });
  const mapped = await report([path], { shape: { prompt: 'instruction' } });
  expect(mapped).toMatchObject({ shapes: { mapping: 1 }, kinds: { prompts: 1 } });
});

it('looks at the rows that are asked for, and at a sample of them', async () => {
  const path = file(
    'many.jsonl',
    Array.from({ length: 500 }, (_, i) => ({ ...pair(`q${i}`, 'a', 'b'), n: i })),
  );
  const few = await report([path], { where: 'n >= 490' });
  expect([few.rows, few.shown[0].line]).toEqual([10, 491]);
  const some = await report([path], { sample: 50, seed: 1 });
  expect(some.rows).toBe(50);
  expect(await report([path], { sample: 50, seed: 1 })).toEqual(some);
  expect((await report([path], { sample: 50, seed: 2 })).shown).not.toEqual(some.shown);
  expect((await report([path], { sample: 1000 })).rows).toBe(500);
});
