import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readResult, type QuickstartResult } from './resultFile.js';

const root = mkdtempSync(join(tmpdir(), 'selfjudge-result-'));
afterAll(() => rmSync(root, { recursive: true }));

const share = { value: 0.5, low: 0.25, high: 0.75, n: 8 };
const slots = { count: 1, items: 1, repeats: 1, form: 1, order: 1, letter: NaN, numbers: 1, total: 1 };
const score = { gold: share, perfect: share, win: share, slots, tokens: 4, surplus: NaN };
const judge = { accuracy: { value: NaN, low: NaN, high: NaN, n: 0 }, picksLonger: 0.5, longerIsBetter: 0.5 };
const result: QuickstartResult = {
  outputDir: root,
  seconds: { sft: 1.5 },
  judge: { base: judge, start: judge, end: judge },
  contenders: [
    { name: 'JSFT', score, kl: 0, step: 2 },
    { name: 'SELF-JUDGE', score, kl: NaN, step: 3 },
  ],
  comparisons: [{ against: 'JSFT', gold: share, win: share }],
  bestOf: [{ name: 'JSFT', rows: [{ n: 1, plain: share, held: share }] }],
  curve: [{ step: 2, winRate: 0.5, kl: NaN }],
  examples: [{ prompt: 'p', before: { text: 'a', gold: 0 }, after: { text: 'b', gold: 1 } }],
};
const read = (summary: unknown) => {
  writeFileSync(join(root, 'summary.json'), JSON.stringify(summary));
  return readResult(root);
};

it('the result of a quickstart comes back as it was, figures that are not finite too', () => {
  expect(readResult(root)).toBeUndefined();
  expect(read({ status: 'completed', ...result })).toEqual(result);
});

it.each([
  [
    'contenders.1.score.win',
    {
      contenders: [
        { name: 'JSFT', score, kl: 0, step: 2 },
        { name: 'x', score: { ...score, win: 1 } },
      ],
    },
  ],
  ['seconds.sft', { seconds: { sft: '1' } }],
  ['curve', { curve: undefined }],
])('names what is damaged: %s', (place, change) => {
  expect(() => read({ ...result, ...change })).toThrow(
    new RegExp(
      `summary.json: expected the result of a quickstart, with ${place}, received .*\\nafter rm \\S+`,
    ),
  );
});
