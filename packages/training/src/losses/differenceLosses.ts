import { sigmoid as s, softplus } from './logistic.js';
import { ofDifference } from './pairLoss.js';

// Losses of d = chosen - rejected, with b = beta and e = label smoothing, the share of pairs labelled the wrong way round.

/** (1 - e) softplus(-z) + e softplus(z) and its slope in z: the cross-entropy of a label that is wrong e of the time. */
const smoothed = (z: number, e: number): [value: number, slope: number] => [
  (1 - e) * softplus(-z) + e * softplus(z),
  e * s(z) - (1 - e) * s(-z),
];

/**
 * DPO (arXiv 2305.18290, equation 7), smoothed as cDPO (Mitchell 2023) where e is above 0. TRL 1.16 does not read
 * label_smoothing here, its earlier versions and OpenRLHF do as this.
 */
export const sigmoid = ofDifference((d, { beta, labelSmoothing: e }) => {
  const [value, slope] = smoothed(beta * d, e);
  return [value, beta * slope];
});

/** max(0, 1 - b d): SLiC (arXiv 2305.10425) with b = 1 / margin, RSO (arXiv 2309.06657). */
export const hinge = ofDifference((d, { beta }) => [Math.max(0, 1 - beta * d), beta * d < 1 ? -beta : 0]);

/**
 * (d - 1 / (2 b))^2: IPO (arXiv 2310.12036, equation 17). On sums as SELF-JUDGE's code and OpenRLHF have it; TRL and
 * LLaMA-Factory divide by the answer's tokens, which is `logpReduction` mean.
 */
export const ipo = ofDifference((d, { beta }) => {
  const excess = d - 1 / (2 * beta);
  return [excess * excess, 2 * excess];
});

/** [(1 - e) softplus(-b d) - e softplus(b d)] / (1 - 2 e): DPO made unbiased under wrong labels (arXiv 2403.00409). */
export const robust = ofDifference((d, { beta, labelSmoothing: e }) => {
  const z = beta * d;
  const scale = 1 / (1 - 2 * e);
  return [scale * ((1 - e) * softplus(-z) - e * softplus(z)), -beta * scale * ((1 - e) * s(-z) + e * s(z))];
});

/** KL((q, 1 - q) || (1 - e, e)) with q = sigmoid(b d): EXO (arXiv 2402.00856, equation 16). e is above 0. */
export const exoPair = ofDifference((d, { beta, labelSmoothing: e }) => {
  const z = beta * d;
  const [q, other] = [s(z), s(-z)];
  const value = q * (-softplus(-z) - Math.log1p(-e)) + other * (-softplus(z) - Math.log(e));
  return [value, beta * q * other * (z - Math.log1p(-e) + Math.log(e))];
});

/**
 * (1 - m) softplus(-z) + m exp(-z) with z = b d and m = sigmoid(z / tau): DiscoPOP (arXiv 2406.08414, equation 5). The
 * second term as one exponential: m goes to 0 before exp(-z) overflows, tau being at most 1.
 */
export const discopop = ofDifference((d, { beta, discopopTau: tau }) => {
  const z = beta * d;
  const [m, rest] = [s(z / tau), s(-z / tau)];
  const log = softplus(-z);
  const exponential = Math.exp(-z - softplus(-z / tau));
  const slope = -rest * s(-z) - (log * m * rest) / tau + exponential * (rest / tau - 1);
  return [log * rest + exponential, beta * slope];
});

/** Cross-entropy of z = b d - gamma on mean log-probabilities: SimPO (arXiv 2405.14734, equation 6); TRL's smoothing. */
export const simpo = ofDifference((d, { beta, simpoGamma, labelSmoothing: e }) => {
  const [value, slope] = smoothed(beta * d - simpoGamma, e);
  return [value, beta * slope];
});
