import type { Random } from '@selfjudge/base';

/**
 * Statistical rejection sampling (Liu et al., arXiv 2309.06657, algorithm 1): of candidates drawn from p, those that are kept
 * follow p(y) exp(reward(y) / beta), as far as the candidates reach. Passes over what is left are repeated: with rmax the
 * largest reward left, a candidate is accepted where u < exp((reward - rmax) / beta), u uniform in [0, 1); those accepted
 * are left out of the next pass. A large beta takes the first candidates whatever their reward, a small one the best.
 *
 * Candidates are their indices, so answers of equal text are candidates of their own.
 * @param rewards finite, one a candidate
 * @param options.count accepted at most; fewer where there are no more candidates
 * @param options.beta above 0, in the unit of the rewards
 * @returns indices in the order of acceptance
 */
export function rejectionSample(
  rewards: readonly number[],
  { count, beta }: { count: number; beta: number },
  random: Random,
): number[] {
  const accepted: number[] = [];
  let left = rewards.map((_, i) => i);
  while (accepted.length < count && left.length > 0) {
    const best = left.reduce((most, i) => Math.max(most, rewards[i]), -Infinity);
    const rejected: number[] = [];
    for (const i of left) {
      if (accepted.length === count) break;
      const isAccepted = random.uniform() < Math.exp((rewards[i] - best) / beta);
      (isAccepted ? accepted : rejected).push(i);
    }
    left = rejected;
  }
  return accepted;
}
