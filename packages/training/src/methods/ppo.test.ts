import { TreeBatch } from '@selfjudge/engine';
import { fromScorer, type Judge } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import { disposeModel, loop, model, newFolder, runIn, straightAndResumed } from '../testing/runs.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { readSets } from '../optimizer/parameterSets.js';
import { valueTrainable, type ValueTrainable } from '../optimizer/valueTrainable.js';
import { readMetrics } from '../runs/index.js';
import type { Metrics } from '../metrics/means.js';
import type { Json } from '../runs/jsonFields.js';
import { presetOptions } from './method.js';
import { ppo, ppoTask } from './ppo.js';
import type { PpoOptions } from './ppoRun.js';

afterAll(disposeModel);

const options: PpoOptions = {
  ...presetOptions(ppo),
  maxSteps: 6,
  trainBatchSize: 4,
  learningRate: 1e-2,
  maxNewTokens: 8,
  numMiniBatches: 2,
  klTarget: 0.05,
  klHorizon: 40,
};
const start = await trainedAdapter(model, 4);
const letters = fromScorer({ score: async (of) => of.map(({ answer }) => answer.split(/[a-z]/).length - 1) });
const trainableOf = () => valueTrainable(model, { seed: 5, lora: tinyLora, start });
const task = (
  changed: Partial<PpoOptions> = {},
  judge: Judge = letters,
  trainable: ValueTrainable = trainableOf(),
) =>
  ppoTask(
    { trainable, judge, tokenizer: model.tokenizer!, options: { ...options, ...changed } },
    tinyPrompts(model, 5),
  );
const at = (step: number, learningRate = 1e-2) => ({ step, learningRate });
const tree = TreeBatch.from([{ tokens: [1, 2, 3, 4], targets: [[1, 4]] }]);

describe('ppo', () => {
  it('learns what is rewarded, and the value model what to expect', async () => {
    const made = valueTrainable(tinyModel(2), { seed: 5 });
    const one = task({ trainBatchSize: 16, numMiniBatches: 1, klTarget: 0, maxSteps: 20 }, letters, made);
    const rows: Metrics[] = [];
    for (let step = 1; step <= 20; step++) rows.push((await one.step(at(step))).metrics);
    const mean = (name: string, of: typeof rows) => of.reduce((sum, row) => sum + row[name], 0) / of.length;
    const [first, last] = [rows.slice(0, 3), rows.slice(-3)];
    expect(mean('objective/scores', last)).toBeGreaterThan(mean('objective/scores', first) + 4);
    expect(mean('loss/value_avg', last)).toBeLessThan(mean('loss/value_avg', first) / 2);
    expect(rows[0]['objective/kl']).toBeCloseTo(0, 5);
    expect(mean('objective/kl', last)).toBeGreaterThan(5);
    // A larger price of the KL keeps it nearer.
    const held = task(
      { trainBatchSize: 16, numMiniBatches: 1, klTarget: 0, maxSteps: 20, klCoef: 2 },
      letters,
      valueTrainable(tinyModel(2), { seed: 5 }),
    );
    let kl = NaN;
    for (let step = 1; step <= 20; step++) kl = (await held.step(at(step))).metrics['objective/kl'];
    expect(kl).toBeLessThan(mean('objective/kl', last) / 2);
  });

  it('begins with ratios of one: what the sampler says is what the policy says, to the bit', async () => {
    const one = task({ numPpoEpochs: 1, numMiniBatches: 1 });
    for (const step of [1, 2, 3]) {
      const { metrics } = await one.step(at(step));
      expect(metrics).toMatchObject({ 'sampling/logp_diff': 0, 'val/ratio': 1, 'policy/clipfrac_avg': 0 });
      expect(metrics).not.toHaveProperty('val/ratio_var');
    }
  });

  it('rewards by the chance of winning where a judge scores nothing', async () => {
    const { metrics } = await task({}, hashJudge).step(at(1));
    // The judge gives 0.7, 0.3 or 0.5 of every pair.
    const tenths = 10 * metrics['objective/scores'] * 4;
    expect(Math.round(tenths)).toBeCloseTo(tenths, 6);
    expect(metrics['objective/scores']).toBeGreaterThanOrEqual(0.3);
    expect(metrics['objective/scores']).toBeLessThanOrEqual(0.7);
  });

  it('takes the penalty off cut answers alone', async () => {
    const scores = async (missingEosPenalty: number) =>
      (await task({ missingEosPenalty, trainBatchSize: 8, maxNewTokens: 100 }).step(at(1))).metrics;
    const [free, taken] = [await scores(0), await scores(3)];
    const cut = 1 - free['val/num_eos_tokens'] / 8;
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThan(1);
    expect(free['objective/scores'] - taken['objective/scores']).toBeCloseTo(3 * cut, 9);
  });

  it('leaves out answers without a score, and says so', async () => {
    const some = fromScorer({ score: async (of) => of.map((_, i) => (i % 2 === 0 ? 1 : NaN)) });
    const { metrics, examples } = await task({}, some).step(at(1));
    expect(metrics['ppo/unscored']).toBe(0.5);
    expect(examples).toHaveLength(2);
    const none = task({}, fromScorer({ score: async (of) => of.map(() => NaN) }));
    const before = await readSets(none.trainable.parameters);
    const report = await none.step(at(1));
    expect(report).toMatchObject({ examples: [], tokens: 0, skipped: false, metrics: { 'ppo/unscored': 1 } });
    expect(await readSets(none.trainable.parameters)).toEqual(before);
    const row = { step: 1, epoch: 0, metrics: report.metrics };
    expect(none.review?.(row)).toMatch(/^100% of the answers of step 1 have no score/);
    expect(none.review?.(row)).toBeUndefined();
  });

  it.each([
    ['adapters', trainableOf],
    ['all weights', () => valueTrainable(tinyModel(2), { seed: 1 })],
  ])('trains policy and values apart, beside a start that stays: %s', async (_, made) => {
    const trainable = made();
    const says = () => Promise.all([trainable.policy.score(tree), trainable.reference.score(tree)]);
    const states = TreeBatch.from([{ tokens: [1, 2, 3, 4], hidden: [0, 3] }]);
    const [policy, reference] = await says();
    expect(policy).toEqual(reference);
    expect(await trainable.values.score(states)).toEqual(Float32Array.of(0, 0));
    const { value, head } = trainable.parameters;
    head.load(new Float32Array(head.size).fill(0.1));
    const before = await trainable.values.score(states);
    value.load((await value.read()).map((x, i) => x + Math.sin(i) / 5));
    expect(await trainable.values.score(states)).not.toEqual(before);
    expect(await says()).toEqual([policy, reference]);
    await task({}, letters, trainable).step(at(1));
    const [moved, stayed] = await says();
    expect(moved).not.toEqual(policy);
    expect(stayed).toEqual(reference);
  });

  it('steers the coefficient of the KL, which a checkpoint keeps', async () => {
    const one = task();
    const first = (await one.step(at(1))).metrics;
    const second = (await one.step(at(2))).metrics;
    expect(first['objective/kl_coef']).toBe(0.05);
    // No KL yet: a fifth of a fifth less after 4 of 40 answers at -20%.
    expect(second['objective/kl_coef']).toBeCloseTo(0.05 * (1 - (0.2 * 4) / 40), 12);
    const state = await one.state!();
    const other = task();
    other.restore!(state);
    expect(await other.state!()).toEqual(state);
    const wrong: Json[] = [null, 3, {}, { klCoef: '1' }, { klCoef: -1 }];
    for (const values of wrong)
      expect(() => other.restore!({ values })).toThrow(/^\[ppo\] state.values: expected klCoef/);
  });

  it('says which mini-batches and horizons cannot be', () => {
    const faults = ppo.faults!({ ...options, numMiniBatches: 3, klHorizon: 3 });
    expect(faults.map(({ key }) => key)).toEqual(['numMiniBatches', 'klHorizon']);
    expect(ppo.faults!(options)).toEqual([]);
  });
});

const kinds: [string, () => TrainingTask][] = [
  ['a reward, adapters on a frozen one', () => task()],
  ['a judge', () => task({}, hashJudge)],
  ['all weights', () => task({ learningRate: 1e-3 }, letters, valueTrainable(tinyModel(2), { seed: 1 }))],
];

describe.each(kinds)('%s', (_, make) => {
  it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
    const { straight, resumed, whole, first, last } = await straightAndResumed(make, 3);
    expect(whole).toMatchObject({ status: 'completed', step: 6 });
    expect(first).toMatchObject({ step: 3 });
    expect(last).toMatchObject({ status: 'completed', step: 6 });
    expect(await readSets(resumed.trainable.parameters)).toEqual(
      await readSets(straight.trainable.parameters),
    );
    expect(await resumed.state!()).toEqual(await straight.state!());
    expect(await resumed.trainable.policy.score(tree)).toEqual(await straight.trainable.policy.score(tree));
    expect(Object.keys(resumed.trainable.parameters)).toEqual(['policy', 'value', 'head']);
  });
});

it('aborted amid the updates of a step, that step is whole first', async () => {
  const straight = task({ maxSteps: 2 });
  await train(straight, loop);
  const controller = new AbortController();
  const cut = task({ maxSteps: 6 });
  const { optimizer } = cut;
  const update = optimizer.step.bind(optimizer);
  optimizer.step = async (learningRate) => {
    const report = await update(learningRate);
    // The third of eight updates of the second step.
    if (optimizer.updatesMade === 11) controller.abort();
    return report;
  };
  const path = newFolder();
  const constant = (made: TrainingTask): TrainingTask => ({ ...made, schedule: straight.schedule });
  expect(await runIn(path, constant(cut), { signal: controller.signal })).toMatchObject({
    status: 'interrupted',
    step: 2,
  });
  expect(readMetrics(path).rows.map(({ step }) => step)).toEqual([1, 2]);
  expect(await readSets(cut.trainable.parameters)).toEqual(await readSets(straight.trainable.parameters));
});
