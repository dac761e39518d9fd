import type { KtoLossOptions } from '../options/kto.js';
import { sigmoid as s } from './logistic.js';

/** An answer with a label, as it was scored: sums of log-probabilities, nats. */
export interface ScoredLabel {
  logp: number;
  reference: number;
  label: boolean;
}

/**
 * The divergence that KTO's value is measured from (arXiv 2402.01306, section 4.1): the mean log ratio of answers to other
 * prompts than theirs, at least 0. Nothing is differentiated through it.
 * @param others of each prompt of the step with another one's answer
 */
export const ktoDivergence = (others: readonly Omit<ScoredLabel, 'label'>[]): number =>
  others.length === 0
    ? 0
    : Math.max(0, others.reduce((sum, { logp, reference }) => sum + (logp - reference), 0) / others.length);

/**
 * KTO (arXiv 2402.01306, equation 7), with z the divergence and v = b (log ratio - z): 1 - sigmoid(v) of an answer that is
 * wanted, 1 - sigmoid(-v) of another, times its weight.
 * @returns of each answer its loss, and the derivative by its log-probability
 */
export function ktoLoss(
  answers: readonly ScoredLabel[],
  z: number,
  { beta, desirableWeight, undesirableWeight }: KtoLossOptions,
): { value: number; slope: number }[] {
  return answers.map(({ logp, reference, label }) => {
    const v = beta * (logp - reference - z);
    const [weight, sign] = label ? [desirableWeight, 1] : [undesirableWeight, -1];
    return { value: weight * s(-sign * v), slope: -sign * weight * beta * s(v) * s(-v) };
  });
}
