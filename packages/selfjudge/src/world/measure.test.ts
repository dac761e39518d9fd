import type { JudgePair, Verdict } from '@selfjudge/judging';
import { describe, expect, it } from 'vitest';
import { difference, judgeAccuracy, measure, worldText } from './measure.js';
import { allPrompts } from './prompts.js';

const prompts = allPrompts().filter(({ text }) =>
  ['List two fruits.', 'What colour is a lime?', 'Tell me the colour of a lime.'].includes(text),
);
const [fruits, ...limes] = prompts;

describe('measure', () => {
  it('scores answers, wins and side metrics', () => {
    const answers = [
      ['lime, lime.', 'lime, cow.'],
      ['a lime is green.', 'green.'],
      ['green.', 'green.'],
    ];
    const baseline = [['lime, kiwi.'], ['yellow.'], ['green.']];
    const score = measure(prompts, answers, baseline);
    expect(score.gold.value).toBeCloseTo((1 + 0.875 + 1 + 0.875 + 0.875 + 0.875) / 6, 12);
    expect(score.perfect.value).toBeCloseTo(2 / 6, 12);
    expect(score.win.value).toBeCloseTo((0.5 + 0 + 1 + 1 + 0.5 + 0.5) / 6, 12);
    expect(score.repeat).toBe(0.5);
    expect(score.words).toBeCloseTo((2 + 2 + 4 + 1 + 1 + 1) / 6, 12);
    expect(score.gold.low).toBeLessThanOrEqual(score.gold.value);
    expect(score.gold.high).toBeGreaterThanOrEqual(score.gold.value);
  });

  it('pairs differences by prompt: what both share cancels', () => {
    const better = measure(
      prompts,
      [['lime, kiwi.'], ['green.'], ['green.']],
      [['cow.'], ['green.'], ['green.']],
    );
    const worse = measure(
      prompts,
      [['lime, cow.'], ['yellow.'], ['yellow.']],
      [['cow.'], ['green.'], ['green.']],
    );
    const { gold, win } = difference(better, worse);
    expect(gold.value).toBeCloseTo((0.125 + 0.25 + 0.25) / 3, 12);
    expect(gold.low).toBeGreaterThanOrEqual(0.125 - 1e-12);
    expect(win.value).toBeGreaterThan(0);
    expect(difference(worse, worse).gold).toMatchObject({ value: 0, low: 0, high: 0 });
  });

  it('asks a judge about neighbours that gold does not tie', async () => {
    const asked: JudgePair[] = [];
    const first = {
      compare: async (pairs: readonly JudgePair[]) => {
        asked.push(...pairs);
        return pairs.map((): Verdict => ({ winner: 'a', scoreA: 1, scoreB: 0, probability: 1 }));
      },
    };
    const accuracy = await judgeAccuracy(
      first,
      [fruits, limes[0]],
      [
        ['lime, kiwi.', 'lime, cow.', 'kiwi, lime.', 'kiwi, lime.'],
        ['yellow.', 'green.'],
      ],
    );
    expect(asked.map(({ a, b }) => [a, b])).toEqual([
      ['lime, kiwi.', 'lime, cow.'],
      ['yellow.', 'green.'],
    ]);
    expect(accuracy).toMatchObject({ value: 0.5, n: 2 });
  });

  it('puts spaces as the world writes them', () => {
    expect(worldText('Sure : lime , kiwi .')).toBe('Sure: lime, kiwi.');
    expect(worldText('- lime - kiwi')).toBe('- lime - kiwi');
  });
});
