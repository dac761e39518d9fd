// Bradley-Terry training of tiny reward models against TRL's RewardTrainer (benchmarks/peers/reward_gradient.py).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RewardModel, Safetensors, type Model, type ParameterSet } from '@selfjudge/engine';
import { describe, expect, it } from 'vitest';
import { rewardBackward } from './rewardUpdate.js';
import { relativeError, takeGradient } from '../testing/tiny.js';

interface Case {
  center: number;
  margins: boolean;
  loss: number;
  metrics: Record<string, number>;
}
interface Values {
  pairs: { chosen_ids: number[]; rejected_ids: number[]; margin: number }[];
  cases: Record<string, Case>;
}

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/reward', import.meta.url));
const { pairs, cases } = JSON.parse(readFileSync(join(fixtures, 'values.json'), 'utf8')) as Values;
const pairsOf = ({ margins }: Case) =>
  pairs.map(({ chosen_ids: chosen, rejected_ids: rejected, margin }, i) => ({
    id: `${i}`,
    chosen,
    rejected,
    ...(margins && { margin }),
  }));

/** The gradients of a set by the names that Python has for them. */
async function gradientsOf(set: ParameterSet): Promise<[string, Float32Array][]> {
  const gradient = await takeGradient(set);
  return set.entries.map(({ name, offset, shape }) => [
    name.replace('base_model.model.', ''),
    gradient.subarray(offset, offset + shape.reduce((a, b) => a * b, 1)),
  ]);
}

describe.each(Object.entries(cases))('%s', (name, want) => {
  const options = { centerRewardsCoefficient: want.center, tokenBudget: 1e6 };

  it("has TRL's loss, metrics and gradients", async () => {
    const model = await RewardModel.load(join(fixtures, name === 'adapter' ? 'adapter' : 'full'));
    const { view, head } = model;
    const below = view.adapters.at(0) ?? (view.model as Model);
    const [policy, ofHead] = [below.makeTrainable(), head.makeTrainable()];
    const { loss, ...metrics } = await rewardBackward(model, pairsOf(want), options);
    expect(Math.abs(loss - want.loss)).toBeLessThan(1e-5);
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(want.metrics).sort());
    for (const [key, value] of Object.entries(want.metrics))
      expect(Math.abs(metrics[key] - value), key).toBeLessThan(1e-5);
    const file = Safetensors.open(join(fixtures, `${name}.safetensors`));
    const got = [...(await gradientsOf(policy)), ...(await gradientsOf(ofHead))];
    expect(got.map(([one]) => one).sort()).toEqual([...file.tensors.keys()].sort());
    for (const [one, gradient] of got)
      expect(relativeError(gradient, file.read(one).data as Float32Array), one).toBeLessThan(1e-4);
    model.dispose();
  });

  it('is cut into trees without a difference', async () => {
    const model = await RewardModel.load(join(fixtures, 'adapter'));
    const set = model.view.adapters[0].makeTrainable();
    const whole = await rewardBackward(model, pairsOf(want), options);
    const gradient = await takeGradient(set);
    for (const tokenBudget of [25, 1]) {
      const parts = await rewardBackward(model, pairsOf(want), { ...options, tokenBudget });
      for (const key of Object.keys(whole)) expect(parts[key]).toBeCloseTo(whole[key], 10);
      expect(relativeError(await takeGradient(set), gradient)).toBeLessThan(1e-6);
    }
    model.dispose();
  });
});
