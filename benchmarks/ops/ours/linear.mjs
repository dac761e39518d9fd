// The matrix product with a frozen weight, and a weight's packing.
import * as engine from '../../../packages/engine/dist/index.js';

export const linear = {
  shapes: ({ model: { width, inner }, rows }) =>
    rows.flatMap((M) =>
      [
        [width, width],
        [inner, width],
        [width, inner],
      ].map(([N, K]) => ({ shape: { M, N, K } })),
    ),
  backward: true,
  prepare(make, { shape: { M, N, K }, dtype }) {
    const x = make.tensor([M, K], dtype);
    const w = make.weight([N, K], dtype);
    return { forward: () => engine.linear(x, w), watched: [x] };
  },
};

export const linearGroup = {
  shapes: ({ model: { heads, kvHeads, dim, width }, rows }) =>
    rows.map((M) => ({ shape: { M, K: width, widths: [heads * dim, kvHeads * dim, kvHeads * dim] } })),
  prepare(make, { shape: { M, K, widths }, dtype }) {
    const x = make.tensor([M, K], dtype);
    const parts = widths.map((N) => ({ weight: make.weight([N, K], dtype) }));
    return { call: () => engine.linearGroup(x, parts).forEach((y) => y.dispose()) };
  },
};

const weights = ({ model: { width, inner } }) => [{ shape: { N: inner, K: width } }];

export const pack = {
  shapes: weights,
  noPeer: 'a packed weight is ours alone',
  prepare(make, { shape: { N, K }, dtype }) {
    const rows = make.tensor([N, K], 'float32');
    const w = make.weight([N, K], dtype);
    return { call: () => w.repack(rows) };
  },
};

export const unpack = {
  shapes: weights,
  noPeer: 'a packed weight is ours alone',
  prepare(make, { shape: { N, K }, dtype }) {
    const w = make.weight([N, K], dtype);
    return { forward: () => w.rows() };
  },
};
