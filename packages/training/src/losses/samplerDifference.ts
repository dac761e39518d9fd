import type { Answer } from '../pairs/tokenPair.js';

/**
 * The largest difference between what samplers said of the tokens of answers and what the policy says; NaN where none spoke.
 * @param logp of every label of a tree, whose sequences are the answers
 */
export function samplerDifference(
  answers: readonly Answer[],
  labels: { sequence: Int32Array },
  logp: Float32Array,
): number {
  let worst = NaN;
  let at = 0;
  let current = -1;
  for (let i = 0; i < logp.length; i++) {
    if (labels.sequence[i] !== current) [current, at] = [labels.sequence[i], 0];
    const sampled = answers[current].logprobs;
    if (sampled !== undefined) worst = largest(worst, Math.abs(sampled[at] - logp[i]));
    at++;
  }
  return worst;
}

/** The larger of two, where NaN stands for none. */
export function largest(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}
