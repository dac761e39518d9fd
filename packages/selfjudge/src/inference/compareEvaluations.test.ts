import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareEvaluations } from './compareEvaluations.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-compare-'));
afterAll(() => rmSync(dir, { recursive: true }));

type Winner = 'a' | 'b' | 'tie' | null;
/** @param wins of each prompt, by the outside judge */
const written = (name: string, wins: readonly Winner[], { from = 0, baseline = 'B' } = {}): string => {
  const path = join(dir, name);
  const samples = wins.map((outsideJudge, i) => ({
    prompt: `q${from + i}`,
    answer: 'x'.repeat(i + name.length),
    baseline,
    winners: { outsideJudge },
  }));
  writeFileSync(path, JSON.stringify({ judge: {}, samples }));
  return path;
};
const many = (count: number, of: (i: number) => Winner) => Array.from({ length: count }, (_, i) => of(i));

describe('compareEvaluations', () => {
  it('pairs prompt by prompt: the interval is of the difference itself', () => {
    // Both win about half; where they differ, A is the better one.
    const a = written(
      'a',
      many(200, (i) => (i % 2 === 0 || i % 10 === 1 ? 'a' : 'b')),
    );
    const b = written(
      'bb',
      many(200, (i) => (i % 2 === 0 ? 'a' : 'b')),
    );
    const { prompts, others, winRates, length } = compareEvaluations([a, b]);
    expect([prompts, others]).toEqual([200, { a: 0, b: 0 }]);
    const { a: rateA, b: rateB, difference } = winRates.outsideJudge!;
    expect([rateA, rateB]).toEqual([0.6, 0.5]);
    expect(difference.value).toBeCloseTo(0.1, 12);
    // Standard error sqrt(0.1 x 0.9 / 200) = 0.021; of two rates apart it would be 0.049.
    expect(difference.low).toBeCloseTo(0.1 - 1.96 * 0.0212, 1);
    expect(difference.low).toBeGreaterThan(0.05);
    expect(winRates).not.toHaveProperty('ownJudge');
    expect(length.difference).toMatchObject({ value: -1, low: -1, high: -1 });
  });

  it('leaves out prompts of one alone, and those without a verdict', () => {
    const a = written('a', ['a', 'tie', null, 'a'], { from: 1 });
    const b = written('b', ['b', 'b', 'b', 'b', 'b', 'b'], { from: 2 });
    const { prompts, others, winRates } = compareEvaluations([a, b]);
    expect([prompts, others]).toEqual([3, { a: 1, b: 3 }]);
    expect(winRates.outsideJudge).toMatchObject({ a: 0.75, b: 0, difference: { value: 0.75, n: 2 } });
  });

  it('refuses what cannot be compared, saying why', () => {
    const a = written('a', ['a']);
    expect(() => compareEvaluations([a, written('b', ['a'], { from: 5 })])).toThrow('no prompt in common');
    expect(() => compareEvaluations([a, written('b', ['a'], { baseline: 'C' })])).toThrow(
      'another answer of the baseline to {"prompt":"q0"}',
    );
    const alone = join(dir, 'alone');
    writeFileSync(alone, JSON.stringify({ judge: {}, samples: [] }));
    expect(() => compareEvaluations([a, alone])).toThrow('no prompt in common');
    writeFileSync(alone, JSON.stringify({ judge: {}, samples: [{ prompt: 'q0', answer: 'x' }] }));
    expect(() => compareEvaluations([a, alone])).toThrow(
      /samples with the winners of each.*samples.0.baseline/,
    );
  });
});
