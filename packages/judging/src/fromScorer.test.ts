import { describe, expect, it } from 'vitest';
import { fromScorer } from './fromScorer.js';
import type { CompareOptions } from './judge.js';
import type { ScoredAnswer, Scorer } from './scorer.js';

/** Answers that are numbers are scored so. */
const numbers = {
  score: async (answers: readonly ScoredAnswer[]) => answers.map(({ answer }) => Number(answer)),
};
const pair = (a: string, b: string) => ({ prompt: 'p', a, b });

describe('fromScorer', () => {
  it('gives the answer of the larger score the win, and the Bradley-Terry probability', async () => {
    const verdicts = await fromScorer(numbers).compare([pair('1.5', '1'), pair('-2', '1'), pair('3', '3.0')]);
    expect(verdicts).toEqual([
      { winner: 'a', scoreA: 1.5, scoreB: 1, probability: 0.6224593312018546 },
      { winner: 'b', scoreA: -2, scoreB: 1, probability: 0.04742587317756678 },
      { winner: 'tie', scoreA: 3, scoreB: 3, probability: 0.5 },
    ]);
  });

  it('has no verdict where a score is none, and says of which', async () => {
    const verdicts = await fromScorer(numbers).compare([pair('1', 'x'), pair('y', 'x')]);
    expect(verdicts).toMatchObject([
      { winner: null, reason: 'no-score', detail: 'no score of b', scoreA: 1, probability: NaN },
      { winner: null, reason: 'no-score', detail: 'no score of a and b' },
    ]);
  });

  it('has each distinct answer to a prompt scored once, and counts in pairs', async () => {
    const asked: ScoredAnswer[] = [];
    const told: [number, number][] = [];
    const scorer: Scorer = {
      async score(answers, { onProgress, tokenBudget }: CompareOptions = {}) {
        asked.push(...answers);
        expect(tokenBudget).toBe(7);
        answers.forEach((_, i) => onProgress?.(i + 1, answers.length));
        return numbers.score(answers);
      },
    };
    const pairs = [pair('1', '2'), pair('2', '3'), pair('3', '1'), { prompt: 'q', a: '1', b: '2' }];
    const onProgress = (done: number, total: number) => void told.push([done, total]);
    await fromScorer(scorer).compare(pairs, { tokenBudget: 7, onProgress });
    expect(asked.map(({ prompt, answer }) => `${prompt as string}${answer}`)).toEqual([
      'p1',
      'p2',
      'p3',
      'q1',
      'q2',
    ]);
    expect(told).toEqual([0, 1, 2, 3, 4].map((done) => [done, 4]));
  });

  it.each([
    ['too few', []],
    ['too many', [1, 2, 3]],
    ['no numbers', ['1', '2']],
    ['infinite ones', [1, Infinity]],
  ])('refuses scores that are %s', async (_, scores) => {
    const judge = fromScorer({ score: async () => scores as number[] });
    await expect(judge.compare([pair('1', '2')])).rejects.toThrow(/^\[fromScorer\] scores/);
  });

  it('refuses pairs that are none', async () => {
    await expect(fromScorer(numbers).compare([{ prompt: 'p', a: 'x' } as never])).rejects.toThrow(
      '[fromScorer.compare] pairs[0].b: expected a string',
    );
  });
});
