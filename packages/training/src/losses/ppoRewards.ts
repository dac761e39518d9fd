import type { PpoRewardOptions } from '../options/ppo.js';

/** An answer as it was rolled out, of n tokens. */
export interface Rollout {
  /** Of each token under the policy that sampled it, nats: [n]. */
  logprobs: ArrayLike<number>;
  /** The same under the start: [n]. */
  reference: ArrayLike<number>;
  /**
   * What the value model said of each state: before each token, and behind the last where the answer is shorter than it might
   * have been, as that state is in TRL's padded batch too: [n] or [n + 1].
   */
  values: ArrayLike<number>;
  /** Of the whole answer. */
  score: number;
}

/** What PPO learns from a rollout. */
export interface Estimates {
  /** Estimated KL of policy and start at each token, nats: [n]. */
  kl: Float64Array;
  /** Of each state, as many as values; whitened where that was asked for. */
  rewards: Float64Array;
  /** Of each token, whitened over all rollouts: [n]. */
  advantages: Float64Array;
  /** Of each state, what its value should have been: as many as values. */
  returns: Float64Array;
}

/**
 * Rewards, advantages and returns of the rollouts of a step, as TRL 1.12's `experimental/ppo` computes them. A token's reward is
 * -kl_coef times the KL there; the score comes at the last state. Advantages are GAE's (arXiv 1506.02438, equation 16), with
 * nothing after the last state; returns are advantages plus values, and only then advantages get a mean of 0 and a variance
 * of 1 over all tokens of the step.
 */
export function estimatesOf(rollouts: readonly Rollout[], options: PpoRewardOptions): Estimates[] {
  const { klCoef, klEstimator, whitenRewards, gamma, lam } = options;
  const all = rollouts.map((rollout) => {
    const { logprobs, reference, values, score } = rollout;
    const kl = Float64Array.from(logprobs, (logp, t) => {
      const logRatio = reference[t] - logp;
      return klEstimator === 'k1' ? -logRatio : Math.expm1(logRatio) - logRatio;
    });
    const rewards = new Float64Array(values.length);
    kl.forEach((nats, t) => (rewards[t] = -klCoef * nats));
    rewards[values.length - 1] += score;
    return { rollout, kl, rewards };
  });
  if (whitenRewards)
    whiten(
      all.map(({ rewards }) => rewards),
      { keepMean: true },
    );
  const estimates = all.map(({ rollout: { values, logprobs }, kl, rewards }): Estimates => {
    const returns = new Float64Array(values.length);
    let advantage = 0;
    for (let t = values.length - 1; t >= 0; t--) {
      const next = t + 1 < values.length ? values[t + 1] : 0;
      advantage = rewards[t] + gamma * next - values[t] + gamma * lam * advantage;
      returns[t] = advantage + values[t];
    }
    const advantages = Float64Array.from(logprobs, (_, t) => returns[t] - values[t]);
    return { kl, rewards, advantages, returns };
  });
  whiten(estimates.map(({ advantages }) => advantages));
  return estimates;
}

/**
 * Scales values in place to a variance of 1 (of a sample: over n - 1) and, unless it is kept, a mean of 0. One value alone has no
 * variance and stays what it is.
 */
function whiten(lists: readonly Float64Array[], { keepMean = false } = {}): void {
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  if (count < 2) return;
  const total = (of: (x: number) => number) =>
    lists.reduce((sum, values) => values.reduce((part, x) => part + of(x), sum), 0);
  const mean = total((x) => x) / count;
  const scale = 1 / Math.sqrt(total((x) => (x - mean) ** 2) / (count - 1) + 1e-8);
  for (const values of lists)
    values.forEach((x, i) => (values[i] = (x - mean) * scale + (keepMean ? mean : 0)));
}

/**
 * The coefficient after a step (arXiv 1909.08593, section 2.2; TRL's AdaptiveKLController): larger where the KL was above the target,
 * by a fifth in `klHorizon` answers at most.
 * @param kl mean over the step's answers, nats; @param answers of the step
 */
export function steered(
  klCoef: number,
  { kl, answers }: { kl: number; answers: number },
  { klTarget, klHorizon }: { klTarget: number; klHorizon: number },
): number {
  const error = Math.min(Math.max(kl / klTarget - 1, -0.2), 0.2);
  return klCoef * (1 + (error * answers) / klHorizon);
}
