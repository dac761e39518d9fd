import { TreeBatch } from '@selfjudge/engine';
import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from '../pairs/contest.js';
import type { Judge } from '@selfjudge/judging';
import { train } from '../loop/runner.js';
import { disposeModel, loop, model, straightAndResumed } from '../testing/runs.js';
import { hashJudge, tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { selfTrainingDefaults } from './defaults.js';
import { selfTrainingStep, selfTrainingTask } from './selfTraining.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';

afterAll(disposeModel);

const start = await trainedAdapter(model, 4);
const prompts = tinyPrompts(model, 4);
const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  maxSteps: 6,
  trainBatchSize: 2,
  maxNewTokens: 8,
  missingEos: 'keep',
  sampling: 'off_policy',
};

function task(changed: Partial<SelfTrainingOptions> = {}, judge: Judge = hashJudge) {
  const seen: Contest[][] = [];
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const run = { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } };
  return { ...selfTrainingTask(run, { prompts }, (contests) => seen.push(contests)), seen };
}
const textsOf = (seen: Contest[][]) =>
  seen.map((of) => of.map(({ prompt, a, b }) => [prompt.id, a.text, b.text]));
const at = (step: number) => ({ step, learningRate: 1e-2 });

describe('off-policy self-training', () => {
  it('sees what on-policy sees before the first update, and the start afterwards too', async () => {
    const [on, off, still] = [task({ sampling: 'on_policy' }), task(), task({ sampling: 'on_policy' })];
    for (const step of [1, 2, 3]) {
      await on.step(at(step));
      await off.step(at(step));
      await still.step({ step, learningRate: 0 });
    }
    // A policy that does not move is the start.
    expect(textsOf(off.seen)).toEqual(textsOf(still.seen));
    expect(textsOf(off.seen)[0]).toEqual(textsOf(on.seen)[0]);
    expect(textsOf(off.seen)[2]).not.toEqual(textsOf(on.seen)[2]);
  });

  it('tells nothing of the policy by samples of the start', async () => {
    const off = task();
    await off.step(at(1));
    const { metrics } = await off.step(at(2));
    for (const name of ['sampling/kl', 'sampling/logp_diff']) expect(metrics).not.toHaveProperty([name]);
    expect(metrics['sampling/neg_logprob']).toBeGreaterThan(0);
    expect(metrics.loss).not.toBe(Math.LN2);
  });

  it('draws and judges each prompt once where it shall, and anew at every visit where not', async () => {
    let asked = 0;
    const counting: Judge = { compare: (pairs) => ((asked += pairs.length), hashJudge.compare(pairs)) };
    const byPrompt = (seen: Contest[][]) => {
      const texts = new Map<string, Set<string>>();
      for (const { prompt, a, b } of seen.flat())
        texts.set(prompt.id, (texts.get(prompt.id) ?? new Set()).add(JSON.stringify([a.text, b.text])));
      return [...texts.values()].map(({ size }) => size);
    };
    const once = task({ sampling: 'off_policy_once' }, counting);
    await train(once, loop);
    expect(byPrompt(once.seen)).toEqual([1, 1, 1, 1]);
    expect(asked).toBeLessThanOrEqual(4);
    const anew = task();
    await train(anew, loop);
    expect(byPrompt(anew.seen)).toEqual([3, 3, 3, 3]);
  });

  it('a step alone does not know which pair a prompt had', async () => {
    const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
    const once = { ...options, sampling: 'off_policy_once' as const };
    const run = {
      trainable,
      judge: hashJudge,
      tokenizer: model.tokenizer!,
      options: once,
      optimizer: task().optimizer,
    };
    await expect(selfTrainingStep(prompts, run, at(1))).rejects.toThrow(
      /^\[selfTrainingStep\] run.options.sampling/,
    );
  });

  it.each(['off_policy', 'off_policy_once'] as const)(
    '%s, resumed, ends with the same bits',
    async (sampling) => {
      const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);
      const { straight, resumed, first } = await straightAndResumed(() => task({ sampling }), 4);
      expect(first).toMatchObject({ step: 4 });
      expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
    },
  );
});
