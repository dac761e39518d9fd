import { fromScorer } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from '../pairs/contest.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { disposeModel, model, straightAndResumed } from '../testing/runs.js';
import { tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { selfTrainingDefaults } from './defaults.js';
import { selfTrainingTask } from './selfTraining.js';
import { selfTrainingFaults, type SelfTrainingOptions } from './selfTrainingRun.js';

afterAll(disposeModel);

const start = await trainedAdapter(model, 4);
const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  maxSteps: 6,
  trainBatchSize: 2,
  maxNewTokens: 8,
  missingEos: 'keep',
  numGenerations: 4,
};
const letters = (text: string) => text.split(/[a-z]/).length - 1;
const judge = fromScorer({ score: async (of) => of.map(({ answer }) => letters(answer)) });

function task(changed: Partial<SelfTrainingOptions> = {}, count = 3) {
  const seen: Contest[][] = [];
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const run = { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } };
  const prompts = tinyPrompts(model, count);
  return { ...selfTrainingTask(run, { prompts }, (contests) => seen.push(contests)), seen };
}
const at = (step: number) => ({ step, learningRate: 1e-2 });

describe('several answers a prompt', () => {
  it('every two of them meet once, and the better by the judge is preferred', async () => {
    const one = task();
    const { metrics, examples } = await one.step(at(1));
    const [contests] = one.seen;
    expect(contests).toHaveLength(2 * 6);
    for (const of of [contests.slice(0, 6), contests.slice(6)]) {
      expect(new Set(of.map(({ prompt }) => prompt.id)).size).toBe(1);
      const texts = [of[0].a.text, of[0].b.text, of[1].b.text, of[2].b.text];
      const pairs = texts.flatMap((a, i) => texts.slice(i + 1).map((b) => [a, b]));
      expect(of.map(({ a, b }) => [a.text, b.text])).toEqual(pairs);
      for (const { a, b, fate, winner } of of)
        if (fate === 'pair') expect(winner).toBe(letters(a.text) > letters(b.text) ? 'a' : 'b');
    }
    const kept = contests.filter(({ fate }) => fate === 'pair');
    expect(kept.length).toBeGreaterThan(2);
    expect(examples).toHaveLength(kept.length);
    expect(metrics['judge/pair_rate']).toBeCloseTo(kept.length / 12, 12);
    expect(metrics['sampling/logp_diff']).toBe(0);
  });

  it('draws no answer twice over the steps of a run', async () => {
    // The same prompt three times a step: what is drawn is told apart by its number alone.
    const one = task({ trainBatchSize: 3 }, 1);
    for (const step of [1, 2]) await one.step({ step, learningRate: 0 });
    const drawn = one.seen.flat().flatMap(({ a, b }) => [a, b].map(({ tokens }) => tokens.join()));
    expect(new Set(drawn).size).toBe(2 * 3 * 4);
  });

  it('sees its pairs again in every epoch where the start answers once', async () => {
    const once = task({ sampling: 'off_policy_once', trainBatchSize: 3 });
    for (const step of [1, 2]) await once.step(at(step));
    const texts = once.seen.map((of) => of.map(({ prompt, a, b }) => [prompt.id, a.text, b.text]).sort());
    expect(texts[0]).toHaveLength(18);
    expect(texts[1]).toEqual(texts[0]);
  });

  it('with plackett_luce learns the ranking of all answers to a prompt', async () => {
    const one = task({ lossType: 'plackett_luce', numGenerations: 3 });
    const { metrics, examples, tokens } = await one.step({ step: 1, learningRate: 0 });
    const [contests] = one.seen;
    const prompts = [contests.slice(0, 3), contests.slice(3)];
    const scores = prompts.map(([ab, ac]) => [ab.a, ab.b, ac.b].map(({ text }) => letters(text)));
    // Two of the first prompt's are equally good, all of the second's different.
    expect(scores.map((of) => new Set(of).size)).toEqual([2, 3]);
    expect(examples).toEqual(prompts.map(([{ prompt }]) => prompt.id));
    // Policy and reference agree: each answer is drawn first among itself and the worse ones by an equal chance.
    const lossOf = (of: number[]) =>
      of.reduce((sum, score) => sum + Math.log(1 + of.filter((other) => other < score).length), 0);
    expect(metrics.loss).toBeCloseTo((lossOf(scores[0]) + lossOf(scores[1])) / 2, 12);
    expect(lossOf(scores[1])).toBeCloseTo(Math.log(6), 12);
    expect(metrics).toMatchObject({
      'judge/ranked_rate': 1,
      'judge/rank_tie_rate': 1 / 6,
      'sampling/logp_diff': 0,
      'rewards/margins': 0,
    });
    const answers = prompts.flatMap(([ab, ac]) => [ab.a, ab.b, ac.b]);
    expect(tokens).toBe(answers.reduce((sum, { sequence }) => sum + sequence.tokens.length, 0));
  });

  it('with plackett_luce ranks by the judge as the reference holds it, and by nobody of the same sampler', async () => {
    const off = task({ lossType: 'plackett_luce', sampling: 'off_policy', referenceWeight: 1e6 });
    const { metrics } = await off.step(at(1));
    expect(metrics).not.toHaveProperty('sampling/logp_diff');
    expect(metrics['judge/turned_by_reference']).toBeGreaterThan(0);
    const [contests] = off.seen;
    // The reference alone decides: what it finds likelier wins.
    for (const { fate, winner, a, b } of contests)
      if (fate === 'pair') expect(winner).toBe(a.reference! > b.reference! ? 'a' : 'b');
    expect(metrics['judge/rank_tie_rate']).toBe(0);
  });

  it('of two answers plackett_luce is sigmoid', async () => {
    const values = async (lossType: 'sigmoid' | 'plackett_luce') => {
      const one = task({ lossType, numGenerations: 2 });
      for (const step of [1, 2, 3]) await one.step(at(step));
      return one.trainable.parameters.policy.read();
    };
    const [dpo, ranked] = [await values('sigmoid'), await values('plackett_luce')];
    const furthest = Math.max(...dpo.map((x, i) => Math.abs(x - ranked[i])));
    expect(furthest).toBeLessThan(1e-6);
  });

  it('plackett_luce is of rankings and mixes with no loss on pairs', () => {
    const lossType = ['plackett_luce', 'sft'] as const;
    const [fault, ...more] = selfTrainingFaults({ ...options, lossType });
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ key: 'lossType', received: lossType });
    expect(fault.expected).toMatch(/plackett_luce alone with more than 2 answers a prompt/);
    expect(selfTrainingFaults({ ...options, lossType, numGenerations: 2 })).toEqual([]);
  });

  it.each(['sigmoid', 'plackett_luce'] as const)(
    '%s: interrupted and resumed ends with the bits of an uninterrupted run',
    async (lossType) => {
      const { straight, resumed, first, last } = await straightAndResumed(() => task({ lossType }), 3);
      expect(first).toMatchObject({ step: 3 });
      expect(last).toMatchObject({ status: 'completed', step: 6 });
      expect(await resumed.trainable.parameters.policy.read()).toEqual(
        await straight.trainable.parameters.policy.read(),
      );
    },
  );
});
