import { describe, expect, it } from 'vitest';
import { calibratedVerdict } from './calibrated.js';
import { fromScorer } from './fromScorer.js';
import type { Judge } from './judge.js';
import { judgeRewards, winningChance } from './judgeRewards.js';
import type { JudgePair } from './pair.js';
import type { ScoredAnswer } from './scorer.js';
import { NO_VERDICT, verdictOf, voteOf, type Verdict } from './verdict.js';

const order = (pA: number, pB: number) => ({ rendered: '', pA, pB });
/** A judge by a function of the pair, which keeps what it was asked. */
function judgeOf(say: (pair: JudgePair) => Verdict): Judge & { asked: JudgePair[] } {
  const asked: JudgePair[] = [];
  return { asked, compare: async (pairs) => pairs.map((pair) => (asked.push(pair), say(pair))) };
}
const probable = (probability: number): Verdict => ({ winner: 'a', scoreA: 1, scoreB: 0, probability });

describe('winningChance', () => {
  it('is the mean over questions and orders of the share of the verdict that names a', () => {
    const votes = [
      voteOf('x', order(0.6, 0.2), order(0.01, 0.03)),
      voteOf('y', order(0.1, 0.3), order(0.5, 0.5)),
    ];
    const verdict = verdictOf([order(0.6, 0.2), order(0.01, 0.03)], votes);
    // .75, .75, .25, .5: an order with little mass counts like any other.
    expect(winningChance(verdict)).toBeCloseTo(0.5625, 12);
    expect(verdict.probability).not.toBeCloseTo(0.5625, 2);
  });

  it('is the probability of a calibrated verdict, whatever its evidence', () => {
    const votes = [voteOf('x', order(0.6, 0.2), order(0.1, 0.3))];
    const verdict = verdictOf([order(0.6, 0.2), order(0.1, 0.3)], votes);
    const rules = { temperature: 2, lengthCoefficient: 1 };
    const told = calibratedVerdict(verdict, rules, [99, 9]);
    expect(winningChance(told)).toBeCloseTo(1 / (1 + Math.exp((Math.log(10) - Math.log(3)) / 2)), 12);
    expect(winningChance(verdict)).toBeCloseTo(0.75, 12);
  });

  it('is the probability of a judge without tokens, and none without a verdict', () => {
    expect(winningChance(probable(0.8))).toBe(0.8);
    expect(winningChance(NO_VERDICT)).toBeNaN();
  });
});

describe('judgeRewards', () => {
  it('is the logit against the fixed answer, 0 for its equal, asked once a text', async () => {
    const chances: Record<string, number> = { good: 0.9, bad: 0.1, certain: 1 };
    const judge = judgeOf(({ a }) => (a === 'mute' ? NO_VERDICT : probable(chances[a])));
    const answers = ['good', 'y0', 'bad', 'good', 'certain', 'mute'];
    const [first, second] = await judgeRewards(judge, [
      { prompt: 'p', answers, against: 'y0' },
      { prompt: 'q', answers: ['bad'], against: 'good' },
    ]);
    const large = Math.log(2 ** 24 - 1);
    [Math.log(9), 0, -Math.log(9), Math.log(9), large].forEach((r, i) => expect(first[i]).toBeCloseTo(r, 9));
    expect(first[5]).toBeNaN();
    expect(second).toHaveLength(1);
    expect(judge.asked).toHaveLength(5);
    expect(judge.asked.every(({ b }) => b === 'y0' || b === 'good')).toBe(true);
  });

  it('is the score itself of a scorer, however far apart', async () => {
    const score = async (answers: readonly ScoredAnswer[]) => answers.map(({ answer }) => Number(answer));
    const [rewards] = await judgeRewards(fromScorer({ score }), [
      { prompt: 'p', answers: ['1e4', '0.25', 'x'], against: '-1e4' },
    ]);
    expect(rewards).toEqual([1e4, 0.25, NaN]);
  });
});
