import { embedding } from '@selfjudge/engine';
import { gatherRows, scatterRows } from '@selfjudge/engine';
import { rmsNorm } from '@selfjudge/engine';
import { rope } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import type { OpCase } from '../case.js';
import * as oracle from '../oracle.js';
import { activation, float32, ints, vector, weight } from './inputs.js';

const norms = [
  { shape: [1, 5], scale: 1 },
  { shape: [7, 33], scale: 1 },
  { shape: [5, 576], scale: 1 },
  { shape: [3, 64], scale: 1e-3 },
  { shape: [3, 64], scale: 1e4 },
  { shape: [5, 3, 8], scale: 1 },
];

/** With a residual: of the sum as it is stored, which moves its own value and the size of its row, and of the result. */
const WITH_SUM = 3;

/** Cosines, then sines, of the angles position / 10000^(2i/d). */
export function ropeTable(positions: number, dim: number): Float64Array {
  return Float64Array.from({ length: positions * dim }, (_, at) => {
    const i = at % dim;
    const angle = Math.floor(at / dim) / 10_000 ** ((2 * (i % (dim / 2))) / dim);
    return i < dim / 2 ? Math.cos(angle) : Math.sin(angle);
  });
}

export const rowCases: OpCase[] = [
  ...[
    { vocabulary: 7, dim: 5, ids: [6, 0, 3, 3, 6, 0, 1, 3, 6] },
    { vocabulary: 130, dim: 33, ids: [129, 0, 64, 47, 48, 95, 96, 129] },
    // More ids than a block of threads looks at at once; each id follows the one above it.
    { vocabulary: 9, dim: 7, ids: Array.from({ length: 300 }, (_, i) => 8 - ((i * i) % 9)) },
  ].map(({ vocabulary, dim, ids }): OpCase => ({
    op: 'embedding',
    name: `${vocabulary} rows of ${dim}, repeated ids`,
    inputs: (r) => ({ table: weight(r, [vocabulary, dim]), ids: ints(ids) }),
    run: (x) => [embedding(x.weight('table'), x.tensor('ids'))],
    oracle: (x) => [oracle.embedding(x.table, x.ids, dim)],
  })),
  {
    op: 'pack',
    name: 'and unpack again',
    inputs: (r) => ({ a: activation(r, [50, 7]) }),
    run: (x) => {
      const packed = Weight.pack(x.tensor('a'), x.dtype);
      const rows = packed.rows();
      packed.dispose();
      return [rows];
    },
    oracle: (x) => [x.a],
    differentiable: false,
  },
  ...norms.flatMap(({ shape, scale }): OpCase[] => {
    const name = `${shape.join('x')}, values of size ${scale}`;
    const dim = shape[shape.length - 1];
    return [
      {
        op: 'rmsNorm',
        name,
        inputs: (r) => ({ x: activation(r, shape, scale), w: vector(r, [dim], 1) }),
        run: (x) => [rmsNorm(x.tensor('x'), x.vector('w'), 1e-5).y],
        oracle: (x) => [oracle.rmsNorm(x.x, x.w, 1e-5).y],
        step: 1e-3 * scale,
      },
      {
        op: 'rmsNorm',
        name: `${name}, with residual`,
        inputs: (r) => ({
          x: activation(r, shape, scale),
          w: vector(r, [dim], 1),
          residual: activation(r, shape, scale),
        }),
        run: (x) => {
          const { y, sum } = rmsNorm(x.tensor('x'), x.vector('w'), 1e-5, { residual: x.tensor('residual') });
          return [y, sum];
        },
        oracle: (x) => {
          const { y, sum } = oracle.rmsNorm(x.x, x.w, 1e-5, { residual: x.residual });
          return [y, sum];
        },
        roundings: WITH_SUM,
        step: 1e-3 * scale,
      },
    ];
  }),
  // 2051: past what a warp of the CUDA kernel takes, and no whole number of its loads.
  ...[33, 576, 2051].map((dim): OpCase => ({
    op: 'rmsNorm',
    name: `5x${dim}, weights as their distance from 1, with residual`,
    inputs: (r) => ({
      x: activation(r, [5, dim]),
      w: vector(r, [dim]),
      residual: activation(r, [5, dim]),
    }),
    run: (x) => {
      const options = { residual: x.tensor('residual'), offset: 1 };
      const { y, sum } = rmsNorm(x.tensor('x'), x.vector('w'), 1e-5, options);
      return [y, sum];
    },
    oracle: (x) => {
      const { y, sum } = oracle.rmsNorm(x.x, x.w, 1e-5, { residual: x.residual, offset: 1 });
      return [y, sum];
    },
    roundings: WITH_SUM,
  })),
  ...[
    { heads: 1, dim: 2, positions: [3] },
    { heads: 3, dim: 16, positions: [0, 1, 2, 1, 2, 90, 2] },
    { heads: 9, dim: 64, positions: [90, 0, 64, 63, 65] },
    { heads: 2, dim: 128, rotated: 96, positions: [90, 0, 64] },
    { heads: 3, dim: 7, rotated: 2, positions: [5, 0, 90, 1] },
  ].map(({ heads, dim, rotated = dim, positions }): OpCase => ({
    op: 'rope',
    name: `${positions.length}x${heads}x${dim}${rotated < dim ? `, ${rotated} of it` : ''}`,
    inputs: (r) => ({
      x: activation(r, [positions.length, heads, dim]),
      table: float32([91, rotated], ropeTable(91, rotated)),
      positions: ints(positions),
    }),
    run: (x) => [rope(x.tensor('x'), x.tensor('table'), x.tensor('positions'))],
    oracle: (x) => [oracle.rope(x.x, x.table, x.positions, { heads, dim, rotated })],
  })),
  {
    op: 'gatherRows',
    name: 'repeated, both ends',
    inputs: (r) => ({ x: activation(r, [9, 33]), rows: ints([8, 0, 8, 3, 3, 3]) }),
    run: (x) => [gatherRows(x.tensor('x'), x.tensor('rows'))],
    oracle: (x) => [oracle.gatherRows(x.x, x.rows, 33)],
  },
  {
    op: 'scatterRows',
    name: 'repeated, both ends',
    inputs: (r) => ({ x: activation(r, [6, 33]), rows: ints([8, 0, 8, 3, 3, 3]) }),
    run: (x) => [scatterRows(x.tensor('x'), x.tensor('rows'), 9)],
    oracle: (x) => [oracle.scatterRows(x.x, x.rows, 33, 9)],
  },
];
