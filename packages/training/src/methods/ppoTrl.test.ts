// A step of TRL 1.12's experimental PPOTrainer on tiny models, float32 (benchmarks/peers/ppo_step.py).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Model, RewardModel, Safetensors, type ParameterSet } from '@selfjudge/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { estimatesOf } from '../losses/ppoRewards.js';
import { ppoBackward, statesOf } from '../losses/ppoUpdate.js';
import { relativeError, takeGradient } from '../testing/tiny.js';
import { presetOptions } from './method.js';
import { ppo } from './ppo.js';
import { objectiveMetrics } from './ppoRollouts.js';
import type { PpoOptions } from './ppoRun.js';

interface Case {
  options: {
    kl_coef: number;
    kl_estimator: PpoOptions['klEstimator'];
    whiten_rewards: boolean;
    gamma: number;
    lam: number;
    cliprange: number;
    cliprange_value: number;
    vf_coef: number;
    missing_eos_penalty: number;
  };
  rollouts: {
    prompt: number[];
    tokens: number[];
    logprobs: number[];
    reference: number[];
    values: number[];
    /** Less the penalty. */
    score: number;
    kl: number[];
    rewards: number[];
    advantages: number[];
    returns: number[];
  }[];
  mini_batches: { indices: number[]; policy: number; value: number }[];
  metrics: Record<string, number>;
}

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/ppo', import.meta.url));
const { cases, most, eos } = JSON.parse(readFileSync(join(fixtures, 'values.json'), 'utf8')) as {
  cases: Record<string, Case>;
  most: number;
  eos: number;
};
const policy = await Model.load(join(fixtures, 'policy'), { dtype: 'float32' });
const values = await RewardModel.load(join(fixtures, 'value'), { dtype: 'float32' });
const sets = {
  policy: policy.makeTrainable(),
  value: (values.view.model as Model).makeTrainable(),
  head: values.head.makeTrainable(),
};
const views = { policy: policy.view(), values };
afterAll(() => {
  values.dispose();
  policy.dispose();
});

const near = (got: ArrayLike<number>, want: readonly number[], what: string) => {
  expect(got.length, what).toBe(want.length);
  want.forEach((x, i) => expect(Math.abs(got[i] - x), `${what}[${i}]`).toBeLessThan(1e-5));
};

/** Every tensor of a set against a file of PyTorch's. */
async function sameGradients(of: ParameterSet[], file: string): Promise<void> {
  const wanted = Safetensors.open(join(fixtures, file));
  const names: string[] = [];
  for (const set of of) {
    const gradient = await takeGradient(set);
    for (const { name, offset, shape } of set.entries) {
      const own = gradient.subarray(offset, offset + shape.reduce((a, b) => a * b, 1));
      expect(relativeError(own, wanted.read(name).data as Float32Array), name).toBeLessThan(1e-4);
      names.push(name);
    }
  }
  expect(names.sort()).toEqual([...wanted.tensors.keys()].sort());
}

describe.each(Object.entries(cases))('%s', (name, { options: given, rollouts, mini_batches, metrics }) => {
  const options: PpoOptions = {
    ...presetOptions(ppo),
    klCoef: given.kl_coef,
    klEstimator: given.kl_estimator,
    whitenRewards: given.whiten_rewards,
    gamma: given.gamma,
    lam: given.lam,
    cliprange: given.cliprange,
    cliprangeValue: given.cliprange_value,
    vfCoef: given.vf_coef,
    missingEosPenalty: given.missing_eos_penalty,
  };
  const drawn = rollouts.map((rollout, i) => ({
    ...rollout,
    id: `${i}`,
    finish: rollout.tokens.at(-1) === eos ? ('eos' as const) : ('length' as const),
  }));
  const estimates = estimatesOf(drawn, options);
  const episodes = drawn.map((one, i) => ({ ...one, ...estimates[i] }));

  it("has TRL's rewards, advantages and returns", () => {
    rollouts.forEach(({ tokens, values: { length }, kl, rewards, advantages, returns }, i) => {
      expect(statesOf(tokens.length, most)).toBe(length);
      near(estimates[i].kl, kl, 'kl');
      near(estimates[i].rewards, rewards, 'rewards');
      near(estimates[i].advantages, advantages, 'advantages');
      near(estimates[i].returns, returns, 'returns');
    });
    const all = objectiveMetrics(
      drawn,
      estimates.map(({ kl }) => kl),
      options.klCoef,
    );
    for (const [key, value] of Object.entries(metrics))
      if (key in all) expect(Math.abs(all[key] - value), key).toBeLessThan(1e-5);
    expect(Object.keys(metrics).filter((key) => key in all)).toHaveLength(6);
  });

  it.each([1e6, 8])("has TRL's losses and gradients, in trees of %d rows", async (tokenBudget) => {
    const rows = [];
    for (const [i, { indices, policy: ofPolicy, value: ofValue }] of mini_batches.entries()) {
      const part = indices.map((index) => episodes[index]);
      const row = await ppoBackward(views, part, { ...options, tokenBudget });
      expect(Math.abs(row.policy - ofPolicy)).toBeLessThan(1e-5);
      expect(Math.abs(row.value - ofValue)).toBeLessThan(1e-5);
      await sameGradients([sets.policy], `${name}-${i}-policy.safetensors`);
      await sameGradients([sets.value, sets.head], `${name}-${i}-value.safetensors`);
      rows.push(row);
    }
    for (const [key, ours] of [
      ['policy/clipfrac_avg', 'clipfrac'],
      ['val/clipfrac_avg', 'valueClipfrac'],
    ])
      expect((rows[0][ours] + rows[1][ours]) / 2).toBeCloseTo(metrics[key], 6);
  });
});
