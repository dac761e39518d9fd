import { verdictOf, voteOf, type JudgePair, type TokenEvidence, type Verdict } from '@selfjudge/judging';
import { describe, expect, it } from 'vitest';
import { judgeAgreement } from './judgeAgreement.js';
import { winRate } from './winRate.js';

/** A verdict with probability p for a in both orders. */
function sure(p: number): Verdict {
  const orders: TokenEvidence['orders'] = [
    { rendered: '', pA: p, pB: 1 - p },
    { rendered: '', pA: 1 - p, pB: p },
  ];
  return verdictOf(orders, [voteOf('overall', orders[0], orders[1])]);
}

/** Goes by length; '?' anywhere in an answer leaves it without a verdict. */
const byLength = {
  compare: (pairs: readonly JudgePair[]) =>
    Promise.resolve(
      pairs.map(({ a, b }) => {
        if ((a + b).includes('?')) return sure(NaN);
        return sure(a.length === b.length ? 0.5 : a.length > b.length ? 0.9 : 0.1);
      }),
    ),
};

describe('judgeAgreement', () => {
  it('splits by length, counts ties half and errors apart', async () => {
    const rows = [
      ['long', 'no'],
      ['longer', 'no'],
      ['ok', 'wrong'],
      ['same', 'size'],
      ['what?', 'x'],
    ];
    const agreement = await judgeAgreement(
      byLength,
      rows.map(([chosen, rejected]) => ({ prompt: 'p', chosen, rejected })),
    );
    expect(agreement.accuracy).toMatchObject({ value: 2.5 / 4, n: 4 });
    expect(agreement).toMatchObject({ ties: 1, errors: 1 });
    expect(agreement.longerChosen).toMatchObject({ value: 1, n: 2 });
    expect(agreement.shorterChosen).toMatchObject({ value: 0, n: 1 });
    expect(agreement.alwaysLonger).toMatchObject({ value: 2.5 / 4, n: 4 });
    expect(agreement.behaviour).toMatchObject({ longerRate: 1, positionConsistency: 1 });
  });
});

describe('winRate', () => {
  it('counts wins, losses, ties and errors, and asks about no equal answers', async () => {
    const asked: JudgePair[] = [];
    const judge = {
      compare: (pairs: readonly JudgePair[]) => {
        asked.push(...pairs);
        return byLength.compare(pairs);
      },
    };
    const a = ['long', 'same', 'x', 'aaaa', '?'];
    const b = ['no', 'same', 'yyy', 'bbbb', 'z'];
    const result = await winRate(judge, ['1', '2', '3', '4', '5'], a, b);
    expect(asked.map(({ prompt }) => prompt)).toEqual(['1', '3', '4', '5']);
    expect(result).toMatchObject({ wins: 1, losses: 1, ties: 2, errors: 1 });
    expect(result.rate).toMatchObject({ value: 0.5, n: 4 });
    expect(result.alwaysLonger.value).toBe(0.5);
    expect(result.meanLength).toEqual({ a: 14 / 5, b: 14 / 5 });
    expect(result.lengthControlled.value).toBeCloseTo(0.5, 1);
    await expect(winRate(judge, ['1'], ['x'], [])).rejects.toThrow('answersB');
  });
});
