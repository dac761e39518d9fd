import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compareJudges, judgeResultAt } from './compareJudges.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-judges-'));
afterAll(() => rmSync(dir, { recursive: true }));

interface Said {
  pair: string;
  label?: string;
  winner: string | null;
}
function written(name: string, verdicts: readonly Said[]): string {
  mkdirSync(join(dir, name), { recursive: true });
  const path = join(dir, name, 'judge.json');
  writeFileSync(path, JSON.stringify({ kind: 'judge', judge: name, verdicts }));
  return path;
}
/** @param right of so many pairs, whether it is */
const judge = (name: string, right: string, label = 'a') =>
  written(
    name,
    [...right].map((one, i) => ({
      pair: `p${i}`,
      label,
      winner: one === 'x' ? label : one === '-' ? null : 'b',
    })),
  );

it('two judges pair by pair: the difference, who alone is right, and whether that is chance', () => {
  const a = judge('one', 'xxxxxxxx..-x');
  const b = judge('two', 'xx......xxx');
  const { accuracy, mcnemar, ...of } = compareJudges([a, b]);
  expect(accuracy).toMatchObject({ a: 0.8, b: 0.4, difference: { value: expect.closeTo(0.4, 12), n: 10 } });
  // 6 and 2 of 8 that differ: (1 + 8 + 28) / 256 on each side.
  expect(mcnemar).toEqual({
    both: 2,
    first: 6,
    second: 2,
    neither: 0,
    p: expect.closeTo(74 / 256, 12) as number,
  });
  expect(of).toMatchObject({ judges: ['one', 'two'], pairs: 11, others: { a: 1, b: 0 } });
});

it('a pair that is there twice is two', () => {
  const twice = [1, 2].map((): Said => ({ pair: 'p', label: 'a', winner: 'a' }));
  expect(compareJudges([written('c', twice), written('d', twice)]).pairs).toBe(2);
});

it('refuses what cannot be compared', () => {
  const a = judge('one', 'xx');
  expect(() => compareJudges([a, written('e', [{ pair: 'q', label: 'a', winner: 'a' }])])).toThrow(
    'no labelled pair in common',
  );
  expect(() => compareJudges([a, judge('f', 'xx', 'b')])).toThrow('another label of the pair p0');
  expect(() => compareJudges([a, written('g', [{ pair: 'p0', winner: 'A' }])])).toThrow(
    /evaluate judge --output_dir.*verdicts.0.winner/,
  );
  expect(judgeResultAt(join(dir, 'one'))).toBe(a);
  writeFileSync(join(dir, 'other.json'), '{"samples": []}');
  expect(judgeResultAt(join(dir, 'other.json'))).toBeUndefined();
});
