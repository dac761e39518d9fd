import type { DropoutKey, RewardModel, SequenceGroup, TreeBatch } from '@selfjudge/engine';
import { plan, tidy, WHOLE, type Leaves } from '@selfjudge/engine/internal';
import { backpropagate } from './accumulate.js';
import { bradleyTerry } from './bradleyTerry.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { RewardPair } from '../pairs/rewardPair.js';

export interface RewardGroup extends SequenceGroup {
  pair: RewardPair;
}

/** Both answers of a pair, which share a tree: what they begin with is computed once. */
export const rewardGroup = (model: RewardModel, pair: RewardPair): RewardGroup => ({
  pair,
  sequences: [model.sequence(pair.chosen), model.sequence(pair.rejected)],
});

/**
 * Adds the gradient of the mean Bradley-Terry loss over `pairs`, to the head and to what is trained below it.
 *
 * @returns TRL's names: `loss` (nats), `accuracy` (pairs whose better answer has the larger reward), `margin` (mean of
 *   chosen minus rejected) and `min_reward`, `mean_reward`, `max_reward` over all answers of the step
 */
export async function rewardBackward(
  model: RewardModel,
  pairs: readonly RewardPair[],
  options: { centerRewardsCoefficient: number; tokenBudget: number },
  at: { dropout?: DropoutKey; signal?: AbortSignal; leaves?: Leaves } = {},
): Promise<Metrics> {
  const { dropout } = at;
  return rewardPass(
    pairs,
    model,
    options,
    (batch, slopes) => backpropagate(() => model.rewards(batch, { dropout }), slopes),
    at,
  );
}

/** What `rewardBackward` says of pairs, without a gradient and without dropout. */
export async function rewardMeasures(
  model: RewardModel,
  pairs: readonly RewardPair[],
  options: { centerRewardsCoefficient: number; tokenBudget: number },
): Promise<Metrics> {
  return rewardPass(pairs, model, options, async (batch, slopes) => {
    const output = tidy(() => model.rewards(batch));
    try {
      const rewards = (await output.read()) as Float32Array;
      slopes(rewards);
      return rewards;
    } finally {
      output.dispose();
    }
  });
}

/** The loss over all pairs, tree by tree. @param rewards of a tree's answers, given to `slopes`: d loss / d each of them */
async function rewardPass(
  pairs: readonly RewardPair[],
  model: RewardModel,
  { centerRewardsCoefficient, tokenBudget }: { centerRewardsCoefficient: number; tokenBudget: number },
  rewards: (batch: TreeBatch, slopes: (rewards: Float32Array) => Float32Array) => Promise<Float32Array>,
  { signal, leaves = WHOLE }: { signal?: AbortSignal; leaves?: Leaves } = {},
): Promise<Metrics> {
  const groups = pairs.map((pair) => rewardGroup(model, pair));
  const said = await leaves.each(groups, async (slice) => {
    const means = new Means();
    const all: number[] = [];
    for (const { batch, groups: inTree } of plan(slice, tokenBudget)) {
      signal?.throwIfAborted();
      const slopes = (ofTree: Float32Array) =>
        Float32Array.from(
          inTree.flatMap(({ pair: { margin = 0 } }, i) => {
            const [chosen, rejected] = ofTree.subarray(2 * i, 2 * i + 2);
            const { value, dChosen, dRejected } = bradleyTerry(chosen, rejected, {
              margin,
              centerRewardsCoefficient,
            });
            means.add('loss', value);
            means.add('accuracy', chosen > rejected ? 1 : 0);
            means.add('margin', chosen - rejected);
            return [dChosen / pairs.length, dRejected / pairs.length];
          }),
        );
      for (const reward of await rewards(batch, slopes)) all.push(reward);
    }
    return { means: means.parts(), rewards: all };
  });
  const all = said.flatMap((slice) => slice.rewards);
  return {
    ...new Means().merge(said.map(({ means }) => means)).all(),
    min_reward: all.reduce((a, b) => Math.min(a, b), Infinity),
    mean_reward: all.reduce((sum, reward) => sum + reward, 0) / all.length,
    max_reward: all.reduce((a, b) => Math.max(a, b), -Infinity),
  };
}
