import { answeredIds } from '@selfjudge/data/internal';
import { RewardModel, ScoreHead, TreeBatch } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, expect, it } from 'vitest';
import { fromScorer } from './fromScorer.js';
import { rewardScorer } from './rewardScorer.js';

const model = byteModel({ config: { maxPositions: 128 } });
const head = ScoreHead.init(model, 1);
const reward = new RewardModel(model.view(), head, model.tokenizer!.pad);
const scorer = rewardScorer(reward, model.tokenizer!);
afterAll(() => {
  head.dispose();
  model.dispose();
});

const answers = [
  { prompt: 'Tea?', answer: 'A drink.' },
  { prompt: 'Tea?', answer: 'No.' },
  { prompt: 'Rain?', answer: 'Water.' },
  { prompt: 'Tea?', answer: 'A drink.' },
];

it('gives each answer the reward of its own sequence, whatever it shares', async () => {
  const seen: number[] = [];
  const scores = await scorer.score(answers, { tokenBudget: 64, onProgress: (done) => seen.push(done) });
  for (const [i, { prompt, answer }] of answers.entries()) {
    const batch = TreeBatch.from([reward.sequence(answeredIds(model.tokenizer!, prompt, answer))]);
    expect(scores[i]).toBe((await reward.score(batch))[0]);
  }
  expect(scores[3]).toBe(scores[0]);
  expect(seen.at(-1)).toBe(4);
});

it('has no score of what does not fit the context, and a verdict neither', async () => {
  const long = { prompt: 'Tea?', answer: 'x'.repeat(200) };
  expect(await scorer.score([long, answers[0]])).toEqual([NaN, expect.any(Number)]);
  const pair = { prompt: 'Tea?', a: long.answer, b: 'No.' };
  expect(await fromScorer(scorer).compare([pair])).toMatchObject([{ winner: null, reason: 'no-score' }]);
});

it('prefers the larger reward', async () => {
  const [drink, no] = await scorer.score(answers);
  const [verdict] = await fromScorer(scorer).compare([{ prompt: 'Tea?', a: 'A drink.', b: 'No.' }]);
  expect(verdict).toMatchObject({ winner: drink > no ? 'a' : 'b', scoreA: drink, scoreB: no });
});
