import { afterAll, describe, expect, it } from 'vitest';
import type { Contest } from './contest.js';
import { JudgeSignal } from './judgeSignal.js';
import { AdamW } from './optimizer.js';
import type { SelfTrainingOptions } from './options.js';
import { selfTrainingDefaults } from './presets.js';
import { selfTrainingStep, type SelfTraining } from './selfTraining.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from './testing/tiny.js';
import { loraTrainable } from './trainable.js';

const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  trainBatchSize: 4,
  maxNewTokens: 12,
  topP: 1,
  tokenBudget: 100,
  missingEos: 'keep',
};
const model = tinyModel();
const start = await trainedAdapter(model, 4);
const prompts = tinyPrompts(model, 4);
afterAll(() => model.dispose());

function run(o: Partial<SelfTrainingOptions> = {}): SelfTraining {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const all = { ...options, ...o };
  const optimizer = new AdamW(trainable.parameters, all);
  return { trainable, judge: hashJudge, tokenizer: model.tokenizer!, optimizer, options: all };
}
const at = (step: number) => ({ step, learningRate: options.learningRate });

describe('selfTrainingStep', () => {
  it('begins at log 2 with policy, sampler and reference equal to the bit', async () => {
    const training = run();
    const first = await selfTrainingStep(prompts, training, at(1));
    expect(first.metrics.loss).toBe(Math.LN2);
    expect(first.metrics.kl).toBe(0);
    expect(first.metrics['sampling/logp_diff']).toBe(0);
    expect(first.metrics.grad_norm).toBeGreaterThan(0);
    expect(first.metrics.entropy).toBeGreaterThan(1);
    const second = await selfTrainingStep(prompts, training, at(2));
    expect(second.metrics['sampling/logp_diff']).toBe(0);
    expect(second.metrics.kl).not.toBe(0);
    expect(second.metrics.loss).not.toBe(Math.LN2);
  });

  it('trains on the ids as sampled and gives a cut answer no end token', async () => {
    const { contests } = await selfTrainingStep(prompts, run({ maxNewTokens: 3 }), at(1));
    const eos = new Set(model.tokenizer!.eos);
    for (const { a, b } of contests)
      for (const answer of [a, b]) {
        expect(answer.tokens.some((t) => eos.has(t))).toBe(answer.finish === 'eos');
        expect(answer.logprobs).toHaveLength(answer.tokens.length);
        if (answer.finish === 'length') expect(answer.tokens).toHaveLength(3);
      }
  });

  it('learns what the judge wants: the same prompts again and again', async () => {
    const training = run({ beta: 0.5 });
    const rewards: number[] = [];
    const shortJudge = {
      compare: async (pairs: Parameters<typeof hashJudge.compare>[0]) => {
        const verdicts = await hashJudge.compare(pairs);
        return verdicts.map((v, i) => {
          const count = (s: string) => s.split(/[a-z]/).length;
          const d = count(pairs[i].a) - count(pairs[i].b);
          return { ...v, winner: d > 0 ? ('a' as const) : d < 0 ? ('b' as const) : ('tie' as const) };
        });
      },
    };
    let contests: Contest[] = [];
    const letters = () =>
      contests.flatMap(({ a, b }) => [a, b]).reduce((n, { text }) => n + text.split(/[a-z]/).length - 1, 0);
    const seen: number[] = [];
    for (let step = 1; step <= 30; step++) {
      const report = await selfTrainingStep(prompts, { ...training, judge: shortJudge }, at(step));
      contests = report.contests;
      seen.push(letters());
      if (report.metrics['rewards/margins'] !== undefined) rewards.push(report.metrics['rewards/margins']);
    }
    const mean = (xs: number[]) => xs.reduce((x, y) => x + y, 0) / xs.length;
    expect(mean(seen.slice(-8))).toBeGreaterThan(mean(seen.slice(0, 8)));
  });

  it('makes no update from a step without pairs', async () => {
    const training = run();
    const before = await training.trainable.parameters.read();
    const tie = {
      compare: async (pairs: Parameters<typeof hashJudge.compare>[0]) =>
        (await hashJudge.compare(pairs)).map((v) => ({ ...v, winner: 'tie' as const })),
    };
    const report = await selfTrainingStep(prompts, { ...training, judge: tie }, at(1));
    expect(report).toMatchObject({ tokens: 0, examples: [], skipped: false });
    expect(report.metrics['judge/tie_rate']).toBe(1);
    expect(await training.trainable.parameters.read()).toEqual(before);
  });
});

describe('JudgeSignal', () => {
  it('is one half at the start, and a policy too far away is out', async () => {
    const training = run({ evalSteps: 1, maxKl: 1 });
    const signal = new JudgeSignal(training, prompts);
    expect(await signal.evaluate(at(0))).toMatchObject({
      signal: 0.5,
      eligible: true,
      stop: false,
      metrics: { 'eval/kl': 0 },
    });
    const { parameters } = training.trainable;
    parameters.load((await parameters.read()).map((x, i) => x + Math.sin(i)));
    expect(await signal.evaluate(at(1))).toMatchObject({ eligible: false, stop: true });
  });
});
