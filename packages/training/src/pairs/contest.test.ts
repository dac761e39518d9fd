import { describe, expect, it } from 'vitest';
import type { SampledAnswer } from '@selfjudge/engine';
import { voteOf, type Judge } from '@selfjudge/judging';
import { decide, preferences } from './contest.js';
import { completionMetrics, judgeMetrics } from '../metrics/judgeMetrics.js';
import { verdict } from '../testing/tiny.js';

const EOS = 2;
const answer = (text: string, finish: 'eos' | 'length' = 'eos'): SampledAnswer => {
  const tokens = [...text].map((c) => c.charCodeAt(0));
  if (finish === 'eos') tokens.push(EOS);
  const logprobs = new Float32Array(tokens.length).fill(-1);
  return { text, finish, tokens, logprobs };
};
const prompts = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ id: `${i}`, text: 'x', tokens: [9, 9] }));

/** Longer text wins, equal length is a tie, '?' has no verdict; counts what it was asked. */
function lengthJudge(): Judge & { asked: number } {
  return {
    asked: 0,
    compare(pairs) {
      this.asked += pairs.length;
      return Promise.resolve(
        pairs.map((p) => ({
          ...verdict(p, p.a.length - p.b.length),
          ...(p.a === '?' ? { winner: null } : {}),
        })),
      );
    },
  };
}

describe('decide', () => {
  it('makes no pair from equal answers, ties and null verdicts, and counts them', async () => {
    const judge = lengthJudge();
    const contests = await decide(
      prompts(4),
      [
        [answer('same'), answer('same')],
        [answer('ab'), answer('cd')],
        [answer('?'), answer('cd')],
        [answer('a'), answer('abc')],
      ],
      judge,
      { missingEos: 'drop', ties: 'drop' },
    );
    expect(contests.map((c) => c.fate)).toEqual(['equal', 'tie', 'null', 'pair']);
    expect(judge.asked).toBe(3);
    for (const { a, b } of contests) [a.reference, b.reference] = [-1, -2];
    const pairs = preferences(contests);
    expect(pairs).toHaveLength(1);
    expect(pairs[0].chosen.tokens).toEqual([97, 98, 99, EOS]);
    expect(pairs[0].chosen.reference).toBe(-2);
    expect(judgeMetrics(contests)).toMatchObject({
      'judge/pair_rate': 0.25,
      'completions/equal_ratio': 0.25,
      'judge/tie_rate': 1 / 3,
      'judge/invalid_rate': 1 / 3,
      'judge/longer_rate': 1,
    });
  });

  it.each([
    ['fewer than pairs', []],
    ['none', undefined],
    ['more than pairs', [1, 1].map((d) => verdict({ prompt: 'x', a: 'a', b: 'b' }, d))],
    ['without a probability', [{ winner: 'a', scoreA: 1, scoreB: 0 }]],
    ['a winner by a score that is none', [{ winner: 'a', scoreA: NaN, scoreB: 0, probability: 0.5 }]],
    [
      'a token verdict of one order',
      [
        {
          winner: null,
          scoreA: 1,
          scoreB: 0,
          probability: 1,
          evidence: { kind: 'token', orders: [], votes: [] },
        },
      ],
    ],
    ['of another winner', [{ ...verdict({ prompt: 'x', a: 'a', b: 'b' }, 1), winner: 'c' }]],
  ])('refuses verdicts from outside: %s', async (_, verdicts) => {
    const judge = { compare: () => Promise.resolve(verdicts as never) };
    await expect(
      decide(prompts(1), [[answer('a'), answer('b')]], judge, { missingEos: 'drop', ties: 'drop' }),
    ).rejects.toThrow('verdicts');
  });

  it('lets the second answer win a tie where it is told so', async () => {
    const even: Judge = { compare: async (pairs) => pairs.map((pair) => verdict(pair, 0)) };
    const ended = (ties: 'drop' | 'second') =>
      decide(prompts(1), [[answer('a'), answer('bc')]], even, { missingEos: 'drop', ties });
    expect(await ended('drop')).toMatchObject([{ fate: 'tie' }]);
    expect(await ended('second')).toMatchObject([{ fate: 'pair', winner: 'b' }]);
  });

  it.each([
    ['drop', ['cut', 'cut', 'pair'], 1],
    ['keep', ['pair', 'pair', 'pair'], 3],
    ['lose', ['pair', 'cut', 'pair'], 1],
  ] as const)('answers without an end token: %s', async (missingEos, fates, asked) => {
    const judge = lengthJudge();
    const contests = await decide(
      prompts(3),
      [
        [answer('long but cut', 'length'), answer('short')],
        [answer('cut', 'length'), answer('also cut', 'length')],
        [answer('a'), answer('ab')],
      ],
      judge,
      { missingEos, ties: 'drop' },
    );
    expect(contests.map((c) => c.fate)).toEqual(fates);
    expect(judge.asked).toBe(asked);
    if (missingEos === 'lose') expect(contests[0].winner).toBe('b');
    if (missingEos === 'keep') {
      const [pair] = preferences(contests);
      expect(pair.chosen.tokens.includes(EOS)).toBe(false);
      expect(pair.chosen.tokens).toHaveLength('long but cut'.length);
    }
    expect(completionMetrics(contests)['completions/clipped_ratio']).toBe(0.5);
  });
});

describe('judgeMetrics', () => {
  const FIRST = { rendered: '', pA: 0.6, pB: 0.3 };
  it('tells position from content', async () => {
    const first: Judge = {
      compare: (pairs) =>
        Promise.resolve(
          pairs.map((p) => ({
            ...verdict(p, 1),
            evidence: {
              kind: 'token',
              orders: [FIRST, FIRST],
              votes: [voteOf('overall', FIRST, FIRST)],
            },
          })),
        ),
    };
    const contests = await decide(prompts(1), [[answer('a'), answer('bc')]], first, {
      missingEos: 'drop',
      ties: 'drop',
    });
    const m = judgeMetrics(contests);
    expect(m['judge/position_consistency']).toBe(0);
    expect(m['judge/first_rate']).toBe(1);
    expect(m['judge/ab_mass']).toBeCloseTo(0.9, 12);
  });
});
