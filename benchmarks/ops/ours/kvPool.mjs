// What moves keys and values in the pool: the rows of a prefill, rotated on the way as their queries are, and blocks of
// branches.
import * as engine from '../../../packages/engine/dist/index.js';

const pool = (make, { blocks, kvHeads, dim }, dtype) => [
  make.tensor([blocks, kvHeads * dim, 64], dtype),
  make.tensor([blocks, kvHeads * 64, dim], dtype),
];

export const kvWrite = {
  shapes: ({ model: { heads, kvHeads, dim }, tokens }) => [
    { shape: { M: tokens, blocks: tokens / 64, heads, kvHeads, dim } },
  ],
  prepare(make, { shape, dtype }) {
    const { M, heads, kvHeads, dim } = shape;
    const [poolK, poolV] = pool(make, shape, dtype);
    const [k, v] = [0, 1].map(() => make.tensor([M, kvHeads, dim], dtype));
    const each = make.ints(Array.from({ length: M }, (_, i) => i));
    const table = make.angles(M, dim);
    let q = make.tensor([M, heads, dim], dtype);
    // The op takes the queries' memory over.
    make.own({ dispose: () => q.dispose() });
    return { call: () => (q = engine.kvWrite(k, v, each, poolK, poolV, { table, positions: each, q })) };
  },
};

export const kvCopy = {
  shapes: ({ model: { kvHeads, dim } }) => [{ shape: { moves: 32, blocks: 64, kvHeads, dim } }],
  prepare(make, { shape, dtype }) {
    const [poolK, poolV] = pool(make, shape, dtype);
    const moves = make.ints(Array.from({ length: shape.moves }, (_, i) => [i, shape.moves + i, 64]).flat(), [
      shape.moves,
      3,
    ]);
    return { call: () => engine.kvCopy(moves, poolK, poolV, 64 * shape.moves) };
  },
};
