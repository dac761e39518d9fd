import { log1mexp, sigmoid as s, softplus } from './logistic.js';
import type { PreferenceLoss } from './pairLoss.js';

// Losses that see both answers by themselves: c = b chosen and r = b rejected, with b = beta.

/** softplus(-c) + softplus(c) / 2 + softplus(r) / 2: NCA of a pair (arXiv 2402.05369). */
export const ncaPair: PreferenceLoss = (chosen, rejected, { beta }) => {
  const [c, r] = [beta * chosen, beta * rejected];
  return {
    value: softplus(-c) + softplus(c) / 2 + softplus(r) / 2,
    dChosen: beta * (s(c) / 2 - s(-c)),
    dRejected: (beta * s(r)) / 2,
  };
};

/**
 * softplus(-c) + softplus(r): a binary classifier's loss (arXiv 2404.04656) without its moving shift, as TRL has it for
 * pairs; LLaMA-Factory's subtracts a running mean of the rewards.
 */
export const bcoPair: PreferenceLoss = (chosen, rejected, { beta }) => {
  const [c, r] = [beta * chosen, beta * rejected];
  return { value: softplus(-c) + softplus(r), dChosen: -beta * s(-c), dRejected: beta * s(r) };
};

/** (chosen - 1 / (2 b))^2 + (rejected + 1 / (2 b))^2: SPPO (arXiv 2405.00675, equation 4.7) with P of 1 and 0. */
export const sppoHard: PreferenceLoss = (chosen, rejected, { beta }) => {
  const target = 0.5 / beta;
  const [c, r] = [chosen - target, rejected + target];
  return { value: c * c + r * r, dChosen: 2 * c, dRejected: 2 * r };
};

/** 1 - s(c) + s(r): APO-zero (arXiv 2408.06266, equation 7), where chosen answers are better than the policy's own. */
export const apoZero: PreferenceLoss = (chosen, rejected, { beta }) => {
  const [c, r] = [beta * chosen, beta * rejected];
  return { value: s(-c) + s(r), dChosen: -beta * s(c) * s(-c), dRejected: beta * s(r) * s(-r) };
};

/** s(c) + 1 - s(c - r): APO-down (arXiv 2408.06266, equation 8), where chosen answers are worse than the policy's own. */
export const apoDown: PreferenceLoss = (chosen, rejected, { beta }) => {
  const c = beta * chosen;
  const z = beta * (chosen - rejected);
  const steep = s(z) * s(-z);
  return { value: s(c) + s(-z), dChosen: beta * (s(c) * s(-c) - steep), dRejected: beta * steep };
};

/** Nearest to 0 that a mean log-probability counts: below it the odds of an answer are finite. */
const SUREST = -(2 ** -24);

/**
 * b softplus(-log odds ratio) of mean log-probabilities: the term of ORPO (arXiv 2403.07691, equation 7) beside the
 * likelihood, with b its lambda. An answer of probability 1, as float32 rounds it, counts as one of 1 - 2^-24.
 */
export const oddsRatio: PreferenceLoss = (chosen, rejected, { beta }) => {
  const [c, r] = [Math.min(chosen, SUREST), Math.min(rejected, SUREST)];
  const z = c - r - (log1mexp(c) - log1mexp(r));
  const slope = -beta * s(-z);
  return {
    value: beta * softplus(-z),
    dChosen: slope / -Math.expm1(c),
    dRejected: -slope / -Math.expm1(r),
  };
};
