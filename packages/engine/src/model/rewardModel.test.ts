import { afterAll, describe, expect, it } from 'vitest';

import { Random } from '@selfjudge/base';
import { Autodiff, matrix, type Matrix } from '@selfjudge/testing/autodiff';
import { referenceHidden } from '@selfjudge/testing/autodiffLlama';
import { gradientError } from '@selfjudge/testing/gradientError';
import { tinyConfig, tinyModel } from '@selfjudge/testing/tinyModel';
import { Tape } from '../tensor/tape.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Weight } from '../tensor/weight.js';
import { Adapter } from './adapter.js';
import type { Model } from './model.js';
import type { ParameterSet } from './parameterSet.js';
import { RewardModel } from './rewardModel.js';
import { ScoreHead } from './scoreHead.js';

const prompt = [1, 7, 30, 4, 12];
/** Answers of several lengths to one prompt, one of them the beginning of another, and one that is there twice. */
const answers = [
  [5, 6, 2],
  [5, 9, 11, 2],
  [5, 6],
  [5, 9, 11, 2],
].map((answer) => [...prompt, ...answer]);
const slopes = Float32Array.from([0.7, -1.2, 0.4, 0.3]);

/** Every weight away from its start, so that norms and the head matter. */
async function scrambled(dtype: 'float32' | 'bf16') {
  const model = tinyModel({ tieWordEmbeddings: false }, dtype);
  const set = model.makeTrainable();
  const random = new Random(4);
  set.load((await set.read()).map((x) => x + 0.2 * random.normal()));
  const head = ScoreHead.init(model, 3);
  const ofHead = head.makeTrainable();
  ofHead.load((await ofHead.read()).map((x) => x + 0.3 * random.normal()));
  return { model, set, head, ofHead, reward: new RewardModel(model.view(), head) };
}

const treeOf = (reward: RewardModel) => TreeBatch.from(answers.map((tokens) => reward.sequence(tokens)));

/** Weights as the model holds them, in float64. */
async function stored(model: Model): Promise<Map<string, Matrix>> {
  const values = new Map<string, Matrix>();
  for (const { name, shape, weight } of model.parameters()) {
    const tensor = weight instanceof Weight ? weight.rows() : weight.value.retain();
    values.set(name, matrix(Float64Array.from(await tensor.read()), shape[shape.length - 1]));
    tensor.dispose();
  }
  return values;
}

async function backward(reward: RewardModel): Promise<Float32Array> {
  const tape = new Tape();
  const rewards = tape.run(() => reward.rewards(treeOf(reward)));
  tape.backward(rewards, slopes);
  const values = (await rewards.read()) as Float32Array;
  rewards.dispose();
  return values;
}

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const distance = Array.from(a, (x, i) => x - b[i]);
  return Math.hypot(...distance) / Math.hypot(...Array.from(b));
}

const bounds = { float32: { reward: 1e-5, gradient: 1e-5 }, bf16: { reward: 2 ** -5, gradient: 2 ** -4 } };

describe('RewardModel', () => {
  for (const dtype of ['float32', 'bf16'] as const) {
    it(`${dtype}: rewards and gradients are those of float64, sequence by sequence`, async () => {
      const { model, set, head, ofHead, reward } = await scrambled(dtype);
      const rewards = await backward(reward);
      const weights = await stored(model);
      const vector = matrix(Float64Array.from(await head.read()), tinyConfig.hiddenSize);
      answers.forEach((tokens, i) => {
        const ad = new Autodiff();
        const of = { config: model.config, weights, adapters: [] };
        const hidden = referenceHidden(ad, of, { tokens, rowKeys: [], seed: 0, step: 0 });
        const y = ad.timesTransposed(ad.gather(hidden, [tokens.length - 1]), vector);
        expect(Math.abs(rewards[i] - y.data[0])).toBeLessThan(bounds[dtype].reward);
        ad.backward(y, Float64Array.of(slopes[i]));
      });
      const gradient = (await set.grad.read()) as Float32Array;
      for (const { name, offset, shape } of set.entries) {
        const own = gradient.subarray(offset, offset + shape.reduce((a, b) => a * b, 1));
        if (name === 'lm_head.weight') expect(own.every((x) => x === 0)).toBe(true);
        else expect(relativeError(own, weights.get(name)!.grad), name).toBeLessThan(bounds[dtype].gradient);
      }
      expect(relativeError((await ofHead.grad.read()) as Float32Array, vector.grad)).toBeLessThan(
        bounds[dtype].gradient,
      );
      head.dispose();
      model.dispose();
    });
  }

  it('gradients of the head, of weights and of an adapter agree with central differences', async () => {
    const { model, set, head, ofHead, reward } = await scrambled('float32');
    const adapter = Adapter.init(
      model,
      { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj', 'up_proj'] },
      1,
    );
    const ofAdapter = adapter.makeTrainable();
    const random = new Random('differences'.length);
    ofAdapter.load((await ofAdapter.read()).map((x) => x + 0.2 * random.normal()));
    const adapted = new RewardModel(model.view([adapter]), head);
    const loss = async () =>
      (await adapted.score(treeOf(reward))).reduce((sum, r, i) => sum + slopes[i] * r, 0);
    await backward(adapted);
    const check = async (one: ParameterSet) => {
      const [start, grad] = [await one.read(), (await one.grad.read()) as Float32Array];
      const error = await gradientError({ set: one, start, grad, loss, random });
      one.load(start);
      return error;
    };
    for (const one of [ofHead, ofAdapter, set]) expect(await check(one)).toBeLessThan(2e-3);
    adapter.dispose();
    head.dispose();
    model.dispose();
  });

  it('trains the head alone over a model that stands still', async () => {
    const model = tinyModel();
    const head = ScoreHead.init(model, 1);
    const set = head.makeTrainable();
    const reward = new RewardModel(model.view(), head);
    await backward(reward);
    const gradient = (await set.grad.read()) as Float32Array;
    expect(Math.hypot(...gradient)).toBeGreaterThan(0);
    head.freeze();
    expect(head.parameterSet).toBeUndefined();
    expect(await reward.score(treeOf(reward))).toHaveLength(answers.length);
    head.dispose();
    model.dispose();
  });

  it('gives a row the same bits whatever it shares, and equal rows one row', async () => {
    for (const dtype of ['float32', 'bf16'] as const) {
      const { model, head, reward } = await scrambled(dtype);
      const batch = treeOf(reward);
      expect(batch.headRows.length).toBe(3);
      expect(batch.hidden.row[3]).toBe(batch.hidden.row[1]);
      const together = await reward.score(batch);
      for (const [i, tokens] of answers.entries()) {
        const alone = await reward.score(TreeBatch.from([reward.sequence(tokens)]));
        expect(alone[0]).toBe(together[i]);
      }
      head.dispose();
      model.dispose();
    }
  });

  it('gives hidden rows and labels of one tree side by side, each with its own bits', async () => {
    const { model, head, reward } = await scrambled('float32');
    const labelled = { tokens: answers[0], targets: [[5, 8]] as [number, number][] };
    const both = TreeBatch.from([{ ...labelled, hidden: [7, 2] }, reward.sequence(answers[1])]);
    expect([...both.hidden.position]).toEqual([7, 2, 8]);
    const rewards = await reward.score(both);
    expect(rewards[0]).toBe((await reward.score(TreeBatch.from([reward.sequence(answers[0])])))[0]);
    expect(rewards[2]).toBe((await reward.score(TreeBatch.from([reward.sequence(answers[1])])))[0]);
    expect(await reward.view.score(both)).toEqual(await reward.view.score(TreeBatch.from([labelled])));
    head.dispose();
    model.dispose();
  });

  it('reads the last token that is not padding, as transformers does', () => {
    const model = tinyModel();
    const head = ScoreHead.init(model, 1);
    const at = (pad: number | undefined, tokens: number[]) =>
      new RewardModel(model.view(), head, pad).sequence(tokens).hidden;
    expect(at(undefined, [4, 5, 2])).toEqual([2]);
    expect(at(2, [4, 5, 2, 2])).toEqual([1]);
    expect(at(2, [4, 2, 5])).toEqual([2]);
    expect(at(2, [2, 2])).toEqual([0]);
    head.dispose();
    model.dispose();
  });

  it('refuses what has no hidden row, and a head of another width', () => {
    const model = tinyModel();
    const wide = tinyModel({ hiddenSize: 24 });
    const head = ScoreHead.init(model, 1);
    const reward = new RewardModel(model.view(), head);
    expect(() => reward.rewards(TreeBatch.from([{ tokens: [1, 2] }]))).toThrow(/hidden row/);
    expect(() => model.view().logprobs(treeOf(reward))).toThrow(/at least one label/);
    expect(() => new RewardModel(wide.view(), head)).toThrow(/rows of 24/);
    expect(() => ScoreHead.of(model, new Float32Array(3))).toThrow(/16 finite values/);
    expect(() => ScoreHead.of(model, new Float32Array(16).fill(NaN))).toThrow(/16 finite values.*NaN/s);
    for (const one of [head, model, wide]) one.dispose();
  });
});

afterAll(async () => {
  const model = tinyModel();
  model.dispose();
  await model.device.sync();
  expect(model.device.memory().live).toBe(0);
});
