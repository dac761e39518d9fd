import { mean } from '@selfjudge/base/internal';
import type { ModelView } from '@selfjudge/engine';
import { sharedScores, type Ranks } from '@selfjudge/engine/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import type { PreferencePair } from '@selfjudge/data';
import { preferenceSequences } from '@selfjudge/data/internal';
import { wilson, type Estimate } from './estimate.js';

export interface ImplicitRewardOptions {
  /** The beta of training; it scales margins, not the accuracy. */
  beta: number;
  /** Tokens of prompt and answer at most; longer answers are cut. Default: no limit. */
  maxLength?: number;
  /** Rows of one tree at most. Default 4096. */
  tokenBudget?: number;
  /** Who share the work: all have all figures. Default: this process alone. */
  ranks?: Ranks;
}

/** What a policy rewards, read off its own log-probabilities (Rafailov et al., arXiv 2305.18290). */
export interface ImplicitReward {
  /** Share of pairs whose preferred answer has the higher reward; equal rewards count half. */
  accuracy: Estimate;
  /** Mean of reward(chosen) - reward(rejected). */
  margin: number;
  chosen: number;
  rejected: number;
  /** Pairs whose prompt left no room for an answer. */
  skipped: number;
}

/**
 * Accuracy of beta (log policy - log reference), summed over an answer, on human preferences: evidence about what
 * training changed that no judge takes part in.
 */
export async function implicitReward(
  policy: ModelView,
  reference: ModelView,
  tokenizer: Tokenizer,
  pairs: readonly Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected'>[],
  options: ImplicitRewardOptions,
): Promise<ImplicitReward> {
  const { beta, maxLength, tokenBudget = 4096, ranks } = options;
  const kept: [chosen: TreeSequence, rejected: TreeSequence][] = [];
  for (const pair of pairs) {
    const { value } = preferenceSequences(tokenizer, pair, { maxLength });
    if (value !== undefined) kept.push([value.chosen.sequence, value.rejected.sequence]);
  }
  const ofPolicy = await sharedScores(kept, policy, { tokenBudget, ranks });
  const ofReference = await sharedScores(kept, reference, { tokenBudget, ranks });
  const rewards = (side: 0 | 1) => ofPolicy.map((sums, i) => beta * (sums[side] - ofReference[i][side]));
  return { ...implicitRewardOf(rewards(0), rewards(1)), skipped: pairs.length - kept.length };
}

/** The same from rewards that are already there, one of each kind a pair. */
export function implicitRewardOf(
  chosen: readonly number[],
  rejected: readonly number[],
): Omit<ImplicitReward, 'skipped'> {
  const points = chosen.reduce((sum, reward, i) => sum + (Math.sign(reward - rejected[i]) + 1) / 2, 0);
  return {
    accuracy: wilson(points, chosen.length),
    margin: mean(chosen.map((reward, i) => reward - rejected[i])),
    chosen: mean(chosen),
    rejected: mean(rejected),
  };
}
