import { fromScorer } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from '../pairs/contest.js';
import { train } from '../loop/runner.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { disposeModel, loop, model, newFolder, runIn, stopAfter } from '../testing/runs.js';
import { tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { selfTrainingDefaults } from './defaults.js';
import { selfTrainingTask } from './selfTraining.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';

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

  it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
    const straight = task();
    await train(straight, loop);
    const path = newFolder();
    const stop = stopAfter(3);
    expect(await runIn(path, stop.task(task()), { signal: stop.signal })).toMatchObject({ step: 3 });
    const resumed = task();
    expect(await runIn(path, resumed)).toMatchObject({ status: 'completed', step: 6 });
    expect(await resumed.trainable.parameters.policy.read()).toEqual(
      await straight.trainable.parameters.policy.read(),
    );
  });
});
