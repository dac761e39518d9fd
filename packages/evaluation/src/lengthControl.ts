import { Z, type Estimate } from './estimate.js';

/** One comparison: 1 when a won, 0 when b won, 0.5 for a tie, and the lengths of both in any one unit. */
export interface Outcome {
  points: number;
  lengthA: number;
  lengthB: number;
}

/** Prior precisions of the normal distribution on both parameters: the length's is what keeps separable data finite. */
const PRECISION = { advantage: 1e-3, length: 1 };
const MOST_STEPS = 100;

/**
 * The win rate that a would have if both answers were always equally long, after Dubois et al. (arXiv 2404.04475): a
 * logistic regression of the outcome on the advantage of a (a constant) and tanh(length difference / its standard
 * deviation), read at difference 0. Without their per-instruction term, for a single pair of systems cannot fit it.
 *
 * @returns the rate with a 95% interval from the curvature of the likelihood; NaN without outcomes.
 */
export function lengthControlled(outcomes: readonly Outcome[]): Estimate {
  const n = outcomes.length;
  if (n === 0) return { value: NaN, low: NaN, high: NaN, n };
  const differences = outcomes.map(({ lengthA, lengthB }) => lengthA - lengthB);
  const center = differences.reduce((sum, d) => sum + d, 0) / n;
  const deviation = Math.sqrt(differences.reduce((sum, d) => sum + (d - center) ** 2, 0) / n);
  // All differences equal: measure them in their own size, so that a constant one still counts.
  const scale = deviation > 0 ? deviation : Math.abs(center) || 1;
  const { advantage, variance } = fit(
    differences.map((d) => Math.tanh(d / scale)),
    outcomes.map(({ points }) => points),
  );
  const half = Z * Math.sqrt(variance);
  return {
    value: sigmoid(advantage),
    low: sigmoid(advantage - half),
    high: sigmoid(advantage + half),
    n,
  };
}

/** Maximum of the penalised likelihood of y ~ Bernoulli(sigmoid(advantage + slope x)), by Newton's method. */
function fit(
  x: readonly number[],
  y: readonly number[],
): { advantage: number; slope: number; variance: number } {
  let advantage = 0;
  let slope = 0;
  for (let step = 0; ; step++) {
    let g0 = -PRECISION.advantage * advantage;
    let g1 = -PRECISION.length * slope;
    let h00 = PRECISION.advantage;
    let h01 = 0;
    let h11 = PRECISION.length;
    for (let i = 0; i < x.length; i++) {
      const p = sigmoid(advantage + slope * x[i]);
      const weight = p * (1 - p);
      g0 += y[i] - p;
      g1 += (y[i] - p) * x[i];
      h00 += weight;
      h01 += weight * x[i];
      h11 += weight * x[i] * x[i];
    }
    const determinant = h00 * h11 - h01 * h01;
    const d0 = (h11 * g0 - h01 * g1) / determinant;
    const d1 = (h00 * g1 - h01 * g0) / determinant;
    if (Math.abs(d0) + Math.abs(d1) < 1e-10 || step === MOST_STEPS) {
      return { advantage, slope, variance: h11 / determinant };
    }
    // A Newton step far from the maximum can overshoot where the curvature is small; one unit of logit is plenty.
    const shrink = Math.min(1, 1 / Math.max(Math.abs(d0), Math.abs(d1)));
    advantage += shrink * d0;
    slope += shrink * d1;
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
