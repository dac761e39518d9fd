/** A row of a logistic regression with probabilities as outcomes. */
export interface LogisticRow {
  x: readonly number[];
  /** The probability that is to be predicted, 0 to 1. */
  y: number;
  weight: number;
}

const TOLERANCE = 1e-9;
const MOST_STEPS = 200;

/**
 * Minimum of |w|_1 + C * sum of weight * cross-entropy(y, sigmoid(w x)), without an intercept: what liblinear's L1 solver minimises.
 * Proximal Newton: the quadratic model at w with the absolute values is solved coordinate by coordinate, then a step is taken towards
 * it as far as the sum falls (Yuan, Ho and Lin, JMLR 13, 2012).
 */
export function l1Logistic(rows: readonly LogisticRow[], c: number): number[] {
  const size = rows[0]?.x.length ?? 0;
  let w = Array.from({ length: size }, () => 0);
  let value = objective(rows, c, w);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, hessian } = derivatives(rows, c, w);
    const target = quadraticMinimum(w, gradient, hessian);
    const direction = target.map((t, i) => t - w[i]);
    if (direction.every((d) => Math.abs(d) < TOLERANCE)) return w;
    let length = 1;
    let next = target;
    let nextValue = objective(rows, c, next);
    while (nextValue >= value && length > 1e-4) {
      length /= 2;
      next = w.map((one, i) => one + length * direction[i]);
      nextValue = objective(rows, c, next);
    }
    // Nothing but rounding is left to be had.
    if (nextValue >= value) return w;
    w = next;
    value = nextValue;
  }
  return w;
}

/** Mean over rows of weight * cross-entropy, as a fit is chosen by. */
export const crossEntropy = (rows: readonly LogisticRow[], w: readonly number[]): number =>
  rows.reduce((sum, row) => sum + row.weight * entropyOf(row, w), 0) / rows.length;

export const dot = (x: readonly number[], w: readonly number[]): number =>
  x.reduce((sum, one, i) => sum + one * w[i], 0);

export const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** log(1 + e^z), which neither overflows nor loses small values. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

function entropyOf({ x, y }: LogisticRow, w: readonly number[]): number {
  const z = dot(x, w);
  return softplus(z) - y * z;
}

function objective(rows: readonly LogisticRow[], c: number, w: readonly number[]): number {
  const penalty = w.reduce((sum, one) => sum + Math.abs(one), 0);
  return penalty + c * rows.length * crossEntropy(rows, w);
}

function derivatives(rows: readonly LogisticRow[], c: number, w: readonly number[]) {
  const gradient = w.map(() => 0);
  const hessian = w.map(() => w.map(() => 0));
  for (const { x, y, weight } of rows) {
    const p = sigmoid(dot(x, w));
    for (let i = 0; i < w.length; i++) {
      gradient[i] += c * weight * (p - y) * x[i];
      for (let j = 0; j < w.length; j++) hessian[i][j] += c * weight * p * (1 - p) * x[i] * x[j];
    }
  }
  return { gradient, hessian };
}

/** Minimum of gradient (v - w) + (v - w) hessian (v - w) / 2 + |v|_1. */
function quadraticMinimum(
  w: readonly number[],
  gradient: readonly number[],
  hessian: readonly number[][],
): number[] {
  const v = [...w];
  for (let sweep = 0; sweep < 1000; sweep++) {
    let moved = 0;
    for (let i = 0; i < v.length; i++) {
      // A feature that is nothing everywhere has no curvature, and no use.
      const curvature = hessian[i][i] + 1e-12;
      const slope = gradient[i] + v.reduce((sum, one, j) => sum + hessian[i][j] * (one - w[j]), 0);
      const plain = v[i] - slope / curvature;
      const next = Math.sign(plain) * Math.max(0, Math.abs(plain) - 1 / curvature);
      moved = Math.max(moved, Math.abs(next - v[i]));
      v[i] = next;
    }
    if (moved < TOLERANCE / 10) break;
  }
  return v;
}
