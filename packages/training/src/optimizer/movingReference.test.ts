import { TreeBatch } from '@selfjudge/engine';
import { tinyModel as bf16Tiny } from '@selfjudge/testing/tinyModel';
import { describe, expect, it } from 'vitest';
import { jitter, tinyLora, tinyModel, trainedAdapter } from '../testing/tiny.js';
import type { MovingReference } from './movingReference.js';
import { fullPreferenceTrainable, loraTrainable } from './trainable.js';

const batch = TreeBatch.from([{ tokens: [1, 7, 30, 4, 12, 5], targets: [[2, 6]] }]);
const scores = (reference: Pick<MovingReference, 'view'>) => reference.view.score(batch);

describe('MovingReference of all weights', () => {
  it.each([0.6, 0.25, 1])('is alpha x policy + (1 - alpha) x itself: %f', async (alpha) => {
    const model = tinyModel(3);
    const trainable = fullPreferenceTrainable(model);
    const { policy: set } = trainable.parameters;
    const atStart = await set.read();
    const start = await trainable.reference.score(batch);
    const moving = trainable.movingReference!(alpha);
    expect(await moving.read()).toEqual(atStart);
    expect(await scores(moving)).toEqual(start);
    let expected = atStart;
    for (const seed of [1, 2, 3]) {
      jitter(set, await set.read(), seed, 0.05);
      const policy = await set.read();
      moving.follow();
      const [a, b] = [Math.fround(alpha), Math.fround(1 - alpha)];
      expected =
        alpha === 1
          ? policy
          : policy.map((x, i) => Math.fround(Math.fround(a * x) + Math.fround(b * expected[i])));
      expect(await moving.read()).toEqual(expected);
    }
    // What computes is the model of these values.
    const same = tinyModel(4);
    same.makeTrainable().load(expected);
    expect(await scores(moving)).toEqual(await same.view().score(batch));
    expect(await trainable.reference.score(batch)).toEqual(start);
    trainable.dispose();
    model.dispose();
    same.dispose();
  });

  it('keeps float32 beside weights of bf16: steps too small for them add up', async () => {
    const model = bf16Tiny({}, 'bf16');
    const trainable = fullPreferenceTrainable(model);
    const { policy: set } = trainable.parameters;
    const moving = trainable.movingReference!(0.001);
    const [start, before] = [await scores(moving), await set.read()];
    jitter(set, before, 5, 0.3);
    for (let n = 0; n < 1500; n++) moving.follow();
    const [policy, reference] = [await set.read(), await moving.read()];
    const left = 0.999 ** 1500;
    const off = reference.map((x, i) => x - (policy[i] + left * (before[i] - policy[i])));
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(1e-4);
    expect(await scores(moving)).not.toEqual(start);
    trainable.dispose();
    model.dispose();
  });
});

describe('MovingReference of an adapter', () => {
  it('is a copy, above the adapter that stays', async () => {
    const model = tinyModel();
    const start = await trainedAdapter(model, 4);
    const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
    const { policy: set } = trainable.parameters;
    const frozen = await trainable.reference.score(batch);
    const moving = trainable.movingReference!(1);
    expect(await scores(moving)).toEqual(frozen);
    jitter(set, await set.read(), 6, 0.1);
    expect(await scores(moving)).toEqual(frozen);
    moving.follow();
    const copied = await trainable.policy.score(batch);
    expect(copied).not.toEqual(frozen);
    expect(await scores(moving)).toEqual(copied);
    jitter(set, await set.read(), 7, 0.1);
    expect(await scores(moving)).toEqual(copied);
    expect(await trainable.reference.score(batch)).toEqual(frozen);
    trainable.dispose();
    model.dispose();
  });

  it('is no mixture', () => {
    const model = tinyModel();
    const trainable = loraTrainable(model, tinyLora, { seed: 5 });
    expect(() => trainable.movingReference!(0.6)).toThrow(
      /refModelMixupAlpha: expected 1, the reference as a copy of the adapter.*received 0.6/,
    );
    trainable.dispose();
    model.dispose();
  });
});

it('takes up what was read, and nothing of another size', async () => {
  const model = tinyModel(3);
  const trainable = fullPreferenceTrainable(model);
  const { policy: set } = trainable.parameters;
  const moving = trainable.movingReference!(0.5);
  jitter(set, await set.read(), 1, 0.1);
  moving.follow();
  const [values, said] = [await moving.read(), await scores(moving)];
  moving.follow();
  expect(await scores(moving)).not.toEqual(said);
  expect(() => moving.load(values.slice(1))).toThrow(
    /reference: expected \d+ values, as many as the policy has/,
  );
  moving.load(values);
  expect(await moving.read()).toEqual(values);
  expect(await scores(moving)).toEqual(said);
  trainable.dispose();
  model.dispose();
});
