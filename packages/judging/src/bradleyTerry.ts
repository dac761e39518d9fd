/** Two of some players compared: 1 where a won, 0 where b did, 0.5 for a tie. */
export interface Comparison {
  a: number;
  b: number;
  points: number;
}

/** A strength in nats with its 95% interval: a difference of d wins with probability sigmoid(d). */
export interface Strength {
  strength: number;
  low: number;
  high: number;
}

/** Two-sided 95% of the standard normal. */
const Z = 1.959963984540054;
/** Wins and losses against a mean player that everybody has beside their own. */
const PRIOR = 0.5;
const MOST_STEPS = 100;

/**
 * The strengths of players by what was compared (Bradley and Terry 1952), ties half a win for each; the mode under half a win and half
 * a loss of everybody against a mean player, so that they are finite whoever won. They add up to 0. Intervals are those of the
 * normal approximation at the mode; a player of no comparison has those of the prior.
 *
 * @param count players; comparisons name them by index
 */
export function bradleyTerry(count: number, comparisons: readonly Comparison[]): Strength[] {
  let theta = new Float64Array(count);
  let covariance: Float64Array[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    const { slope, information } = derivatives(theta, comparisons);
    covariance = inverseOf(information);
    const change = covariance.map((row) => row.reduce((sum, value, i) => sum + value * slope[i], 0));
    // A Newton step far from the mode can overshoot where the curvature is small.
    const largest = Math.max(0, ...change.map(Math.abs));
    const shrink = Math.min(1, 1 / largest);
    theta = theta.map((value, i) => value + shrink * change[i]);
    if (largest < 1e-12) break;
  }
  const centre = theta.reduce((sum, value) => sum + value, 0) / count;
  return Array.from(theta, (value, i) => {
    // Of the strength less the mean of all.
    const row = covariance[i];
    const all = covariance.reduce((sum, one) => sum + one.reduce((s, v) => s + v, 0), 0);
    const variance = row[i] - (2 / count) * row.reduce((sum, v) => sum + v, 0) + all / count ** 2;
    const half = Z * Math.sqrt(Math.max(0, variance));
    const strength = value - centre;
    return { strength, low: strength - half, high: strength + half };
  });
}

function derivatives(theta: Float64Array, comparisons: readonly Comparison[]) {
  const slope = Float64Array.from(theta, (value) => PRIOR - 2 * PRIOR * sigmoid(value));
  const information = Array.from(theta, (value, i) => {
    const row = new Float64Array(theta.length);
    row[i] = 2 * PRIOR * sigmoid(value) * sigmoid(-value);
    return row;
  });
  for (const { a, b, points } of comparisons) {
    const p = sigmoid(theta[a] - theta[b]);
    const weight = p * (1 - p);
    slope[a] += points - p;
    slope[b] -= points - p;
    information[a][a] += weight;
    information[b][b] += weight;
    information[a][b] -= weight;
    information[b][a] -= weight;
  }
  return { slope, information };
}

/** The inverse of a symmetric positive definite matrix, by elimination: its pivots are positive, so none is chosen. */
function inverseOf(matrix: readonly Float64Array[]): Float64Array[] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => {
    const wide = new Float64Array(2 * n);
    wide.set(row);
    wide[n + i] = 1;
    return wide;
  });
  for (let p = 0; p < n; p++) {
    const pivot = rows[p][p];
    for (let k = 0; k < 2 * n; k++) rows[p][k] /= pivot;
    for (let i = 0; i < n; i++) {
      const factor = rows[i][p];
      if (i === p || factor === 0) continue;
      for (let k = 0; k < 2 * n; k++) rows[i][k] -= factor * rows[p][k];
    }
  }
  return rows.map((row) => row.slice(n));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
