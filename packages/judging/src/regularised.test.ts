import { byteModel } from '@selfjudge/testing/tinyModel';
import { treeOf } from '@selfjudge/engine/internal';
import { afterAll, describe, expect, it } from 'vitest';
import { fromScorer } from './fromScorer.js';
import type { Judge } from './judge.js';
import { regularised } from './regularised.js';
import type { ScoredAnswer, Scorer } from './scorer.js';

const model = byteModel({ config: { maxPositions: 128 } });
const tokenizer = model.tokenizer!;
const reference = { view: model.view(), tokenizer };
afterAll(() => model.dispose());

const lengths: Scorer = { score: async (answers) => answers.map(({ answer }) => answer.length) };
const answers: ScoredAnswer[] = [
  { prompt: 'Why?', answer: 'So.' },
  { prompt: { text: 'Why?' }, answer: ' So it is.' },
];

/** Token by token, each its own forward pass. */
async function logprobOf({ prompt, answer }: ScoredAnswer): Promise<number> {
  const before =
    typeof prompt === 'string'
      ? tokenizer.encodeRendered(tokenizer.openTurn([{ role: 'user', content: prompt }]))
      : tokenizer.encodeText((prompt as { text: string }).text);
  const ids =
    typeof prompt === 'string'
      ? [...tokenizer.encodeAnswer(answer), ...tokenizer.turnEnd]
      : tokenizer
          .encodeText((prompt as { text: string }).text + answer + tokenizer.eosToken)
          .slice(before.length);
  let sum = 0;
  for (const [i, id] of ids.entries()) {
    const tokens = [...before, ...ids.slice(0, i)];
    const candidates = [{ position: tokens.length - 1, labels: [id] }];
    sum += (await model.view().score(treeOf([{ tokens, candidates }])))[0];
  }
  return sum;
}

describe('regularised', () => {
  it('adds the weighted log-probability of the answer and its end to a score', async () => {
    const scores = await regularised(lengths, reference, 0.25).score(answers);
    for (const [i, one] of answers.entries())
      expect(scores[i]).toBeCloseTo(one.answer.length + 0.25 * (await logprobOf(one)), 4);
    expect(await regularised(lengths, reference, 0).score(answers)).toEqual([3, 10]);
  });

  it('has no score where the reference has none, and where the scorer has none', async () => {
    const long = { prompt: 'Why?', answer: 'x'.repeat(200) };
    const [score] = await regularised(lengths, reference, 0.25).score([long]);
    expect(score).toBeNaN();
    const mute: Scorer = { score: async (of) => of.map(() => NaN) };
    expect(await regularised(mute, reference, 1).score(answers)).toEqual([NaN, NaN]);
  });

  it('weighs in the log-odds of a judge, as it does in the scores that they come from', async () => {
    const pairs = [
      { prompt: 'Why?', a: 'So.', b: 'Because it is.' },
      { prompt: 'Why?', a: 'No', b: 'So.' },
    ];
    const before = await fromScorer(lengths).compare(pairs);
    const verdicts = await regularised(fromScorer(lengths), reference, 0.25).compare(pairs);
    const scored = await fromScorer(regularised(lengths, reference, 0.25)).compare(pairs);
    for (const [i, { winner, scoreA, scoreB, probability, evidence }] of verdicts.entries()) {
      expect(winner).toBe(scored[i].winner);
      expect(probability).toBeCloseTo(scored[i].probability, 9);
      const { logprobA, logprobB, verdict } = evidence;
      expect(verdict).toEqual(before[i]);
      const p = before[i].probability;
      expect(scoreA).toBe(Math.log(p) + 0.25 * logprobA);
      expect(scoreB).toBe(Math.log(1 - p) + 0.25 * logprobB);
      expect(logprobA).toBeCloseTo(await logprobOf({ prompt: 'Why?', answer: pairs[i].a }), 4);
    }
  });

  it('leaves a verdict that is certain and one that is none', async () => {
    const certain = { winner: 'a', scoreA: 1, scoreB: 0, probability: 1 } as const;
    const none = { winner: null, scoreA: NaN, scoreB: NaN, probability: NaN, reason: 'low-mass' } as const;
    const judge: Judge = { compare: async () => [certain, none, certain] };
    const pair = { prompt: 'Why?', a: 'So.', b: 'No.' };
    const pairs = [pair, pair, { ...pair, b: 'x'.repeat(200) }];
    const [first, second, third] = await regularised(judge, reference, 5).compare(pairs);
    expect(first).toMatchObject({ ...certain, evidence: { kind: 'regularised', verdict: certain } });
    expect(second).toMatchObject(none);
    expect(third).toMatchObject({ winner: null, reason: 'no-score', detail: 'no score of b' });
  });
});
