/**
 * What every op means, in plain float64 loops over flat row-major arrays. Slow and obvious on purpose: tests compare
 * the kernels with it, and take its central differences for gradients.
 */
import type { Activation } from '@selfjudge/engine';
import { philox } from './philox.js';

type Floats = Float64Array;
type Ints = ArrayLike<number>;

export function embedding(table: Floats, ids: Ints, dim: number): Floats {
  return gatherRows(table, ids, dim);
}

export function gatherRows(x: Floats, rows: Ints, dim: number): Floats {
  const y = new Float64Array(rows.length * dim);
  for (let r = 0; r < rows.length; r++) y.set(x.subarray(rows[r] * dim, (rows[r] + 1) * dim), r * dim);
  return y;
}

export function scatterRows(x: Floats, rows: Ints, dim: number, count: number): Floats {
  const y = new Float64Array(count * dim);
  for (let r = 0; r < rows.length; r++) for (let i = 0; i < dim; i++) y[rows[r] * dim + i] += x[r * dim + i];
  return y;
}

export function add(a: Floats, b: Floats): Floats {
  return a.map((value, i) => value + b[i]);
}

export function scale(x: Floats, factor: number): Floats {
  return x.map((value) => factor * value);
}

export function rmsNorm(
  x: Floats,
  weight: Floats,
  eps: number,
  { residual, offset = 0 }: { residual?: Floats; offset?: number } = {},
): { y: Floats; sum: Floats } {
  const sum = residual === undefined ? x : add(x, residual);
  const dim = weight.length;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += dim) {
    let squares = 0;
    for (let i = 0; i < dim; i++) squares += sum[start + i] ** 2;
    const scale = 1 / Math.sqrt(squares / dim + eps);
    for (let i = 0; i < dim; i++) y[start + i] = sum[start + i] * scale * (offset + weight[i]);
  }
  return { y, sum };
}

/** x [T, K] times the transpose of w [N, K]. */
export function matmul(x: Floats, w: Floats, k: number): Floats {
  const rows = x.length / k;
  const columns = w.length / k;
  const y = new Float64Array(rows * columns);
  for (let t = 0; t < rows; t++) {
    for (let n = 0; n < columns; n++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += x[t * k + i] * w[n * k + i];
      y[t * columns + n] = sum;
    }
  }
  return y;
}

export interface OracleAdapter {
  a: Floats;
  b: Floats;
  rank: number;
  scale: number;
  start: number;
  rows: number;
  dropout: number;
  module: number;
}

export interface OracleLinear {
  bias?: Floats;
  adapters?: OracleAdapter[];
  rowKeys?: Ints;
  seed?: number;
  step?: number;
}

export function linear(x: Floats, w: Floats, k: number, options: OracleLinear = {}): Floats {
  const { bias, adapters = [], rowKeys = [], seed = 0, step = 0 } = options;
  const n = w.length / k;
  const y = matmul(x, w, k);
  if (bias !== undefined) for (let i = 0; i < y.length; i++) y[i] += bias[i % n];
  for (const { a, b, rank, scale, start, rows, dropout, module } of adapters) {
    const input = x.slice(start * k, (start + rows) * k);
    if (dropout > 0) {
      for (let i = 0; i < input.length; i++) {
        const row = start + Math.floor(i / k);
        const column = i % k;
        const words = philox([module, rowKeys[2 * row], rowKeys[2 * row + 1], column >> 2], [seed, step]);
        input[i] *= words[column & 3] >= dropout * 2 ** 32 ? 1 / (1 - dropout) : 0;
      }
    }
    const delta = matmul(matmul(input, a, k), b, rank);
    for (let i = 0; i < delta.length; i++) y[start * n + i] += scale * delta[i];
  }
  return y;
}

/** Rotates the first `rotated` values of each head of [T, H, d] by the table's angles. */
export function rope(
  x: Floats,
  table: Floats,
  positions: Ints,
  { heads, dim, rotated }: { heads: number; dim: number; rotated: number },
): Floats {
  const y = x.slice();
  const half = rotated / 2;
  for (let row = 0; row < positions.length * heads; row++) {
    const angle = positions[Math.floor(row / heads)] * rotated;
    for (let i = 0; i < half; i++) {
      const cos = table[angle + i];
      const sin = table[angle + half + i];
      const first = x[row * dim + i];
      const second = x[row * dim + half + i];
      y[row * dim + i] = first * cos - second * sin;
      y[row * dim + half + i] = second * cos + first * sin;
    }
  }
  return y;
}

/** The rows each row of a tree attends to, root first, itself last. */
export function treePaths(segments: Ints): number[][] {
  const paths: number[][] = [];
  for (let s = 0; s < segments.length / 3; s++) {
    const [start, length, parent] = [segments[3 * s], segments[3 * s + 1], segments[3 * s + 2]];
    let path = parent === -1 ? [] : paths[segments[3 * parent] + segments[3 * parent + 1] - 1];
    for (let row = start; row < start + length; row++) paths[row] = path = [...path, row];
  }
  return paths;
}

/** What is left of paths in a window: the last `window` rows of each; 0: all. */
export function windowed<Row>(paths: Row[][], window: number): Row[][] {
  return window === 0 ? paths : paths.map((path) => path.slice(-window));
}

/** Attention of row t of q [T, H, d] over the rows paths[t] of k and v [., G, d]. */
export function attention(
  q: Floats,
  k: Floats,
  v: Floats,
  paths: number[][],
  shape: { heads: number; kvHeads: number; dim: number },
  scale: number,
): Floats {
  const { heads, kvHeads, dim } = shape;
  const o = new Float64Array(q.length);
  paths.forEach((path, t) => {
    for (let h = 0; h < heads; h++) {
      const group = Math.floor(h / (heads / kvHeads));
      const at = (t * heads + h) * dim;
      const scores = path.map((row) => {
        let sum = 0;
        for (let i = 0; i < dim; i++) sum += q[at + i] * k[(row * kvHeads + group) * dim + i];
        return scale * sum;
      });
      const lse = logSumExp(scores);
      path.forEach((row, j) => {
        const p = Math.exp(scores[j] - lse);
        for (let i = 0; i < dim; i++) o[at + i] += p * v[(row * kvHeads + group) * dim + i];
      });
    }
  });
  return o;
}

const activations: Record<Activation, (g: number) => number> = {
  silu: (g) => g / (1 + Math.exp(-g)),
  gelu_tanh: (g) => 0.5 * g * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g ** 3))),
};

export function swiglu(gate: Floats, up: Floats, activation: Activation): Floats {
  return gate.map((g, i) => activations[activation](g) * up[i]);
}

export function linearLogprob(h: Floats, w: Floats, dim: number, rows: Ints, labels: Ints): Floats {
  const logits = matmul(h, w, dim);
  const vocabulary = w.length / dim;
  const lse = Array.from({ length: h.length / dim }, (_, r) =>
    logSumExp(logits.subarray(r * vocabulary, (r + 1) * vocabulary)),
  );
  return Float64Array.from(
    rows as ArrayLike<number>,
    (row, l) => logits[row * vocabulary + labels[l]] - lse[row],
  );
}

export function logSumExp(values: ArrayLike<number>): number {
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) max = Math.max(max, values[i]);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - max);
  return max + Math.log(sum);
}

export interface OracleAdamw {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  step: number;
  gradScale: number;
}

/** New [param, m, v]. */
export function adamw(
  grad: Floats,
  param: Floats,
  m: Floats,
  v: Floats,
  o: OracleAdamw,
): [Floats, Floats, Floats] {
  const nextM = m.map((old, i) => old + (1 - o.beta1) * (grad[i] * o.gradScale - old));
  const nextV = v.map((old, i) => o.beta2 * old + (1 - o.beta2) * (grad[i] * o.gradScale) ** 2);
  const nextParam = param.map((p, i) => {
    const denominator = Math.sqrt(nextV[i]) / Math.sqrt(1 - o.beta2 ** o.step) + o.eps;
    return p * (1 - o.lr * o.weightDecay) - ((o.lr / (1 - o.beta1 ** o.step)) * nextM[i]) / denominator;
  });
  return [nextParam, nextM, nextV];
}

export function globalNorm(x: Floats): Floats {
  return Float64Array.of(Math.sqrt(x.reduce((sum, value) => sum + value * value, 0)));
}
