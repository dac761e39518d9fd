import type { JudgePair, Verdict } from '@selfjudge/judging';
import { describe, expect, it } from 'vitest';
import { goldJudge } from './goldJudge.js';
import { difference, measure, scoreJudge, worldText } from './measure.js';
import { allPrompts } from './prompts.js';

const named = (text: string) => allPrompts().find((prompt) => prompt.text === text)!;
const FRUITS = named('List two fruits in alphabetical order.');
const TOOLS = named('Name two tools, with their letters and the total.');
const prompts = [FRUITS, TOOLS];
const BEST = ['apple, kiwi.', 'axe 3, saw 3. Total 6.'];

describe('measure', () => {
  it('scores answers, wins, slots and lengths', () => {
    const answers = [
      ['apple, kiwi.', 'kiwi, apple, cow.'],
      ['axe 3, saw 3. Total 6.', 'axe 3, axe 3. Total 5.'],
    ];
    const score = measure(prompts, answers, [[BEST[0]], ['axe 3, axe 3. Total 6.']]);
    expect(score.gold.value).toBeCloseTo(
      (1 + (0 + 0.5 + 1 + 1 + 0) / 5 + 1 + (1 + 1 + 0 + 1 + 1 + 0) / 6) / 4,
      12,
    );
    expect(score.perfect.value).toBe(0.5);
    expect(score.win.value).toBeCloseTo((0.5 + 0 + 1 + 0) / 4, 12);
    expect(score.slots).toEqual({
      count: 0.75,
      items: 0.875,
      repeats: 0.75,
      form: 1,
      order: 0.5,
      letter: NaN,
      numbers: 1,
      total: 0.5,
    });
    expect(score.tokens).toBe((4 + 6 + 9 + 9) / 4);
    expect(score.surplus).toBe(0.25);
    expect(score.gold.low).toBeLessThanOrEqual(score.gold.value);
    expect(score.gold.high).toBeGreaterThanOrEqual(score.gold.value);
  });

  it('pairs differences by prompt: what both share cancels', () => {
    const start = [['apple, cow.'], ['axe 3, axe 3. Total 6.']];
    const better = measure(prompts, [[BEST[0]], [BEST[1]]], start);
    const worse = measure(prompts, [['kiwi, apple.'], ['axe 3, saw 3. Total 5.']], start);
    const { gold, win } = difference(better, worse);
    expect(gold.value).toBeCloseTo((1 / 5 + 1 / 6) / 2, 12);
    expect(win.value).toBeGreaterThan(0);
    expect(difference(worse, worse).gold).toMatchObject({ value: 0, low: 0, high: 0 });
  });

  it('asks a judge about neighbours that gold does not tie, and what length has to do with it', async () => {
    const answers = [
      ['apple, kiwi.', 'apple, kiwi, plum.', 'apple, kiwi.', 'apple, plum.'],
      ['axe 3, saw 3.', BEST[1]],
    ];
    const asked: JudgePair[] = [];
    const first = {
      compare: async (pairs: readonly JudgePair[]) => {
        asked.push(...pairs);
        return pairs.map((): Verdict => ({ winner: 'a', scoreA: 1, scoreB: 0, probability: 1 }));
      },
    };
    const score = await scoreJudge(first, prompts, answers);
    expect(asked.map(({ a, b }) => [a, b])).toEqual([answers[0].slice(0, 2), answers[1]]);
    expect(score).toMatchObject({ accuracy: { value: 0.5, n: 2 }, picksLonger: 0, longerIsBetter: 0.5 });
    expect((await scoreJudge(goldJudge(), prompts, answers)).accuracy.value).toBe(1);
  });

  it('puts spaces as the world writes them', () => {
    expect(worldText('Sure : crab 4 , eel 3 . Total 7 .')).toBe('Sure: crab 4, eel 3. Total 7.');
    expect(worldText('- crab - eel')).toBe('- crab - eel');
  });
});
