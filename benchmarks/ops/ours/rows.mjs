// Ops on rows, on the activations of one training tree.
import * as engine from '../../../packages/engine/dist/index.js';

export const embedding = {
  shapes: ({ model, tokens }) => [{ shape: { M: tokens, V: model.vocabulary, K: model.width } }],
  backward: true,
  prepare(make, { shape: { M, V, K }, dtype }, backward) {
    const table = make.weight([V, K], dtype, { trained: backward });
    const ids = make.indices(M, V);
    return { forward: () => engine.embedding(table, ids) };
  },
};

export const rmsNorm = {
  shapes: ({ model, tokens }) => [{ shape: { M: tokens, N: model.width } }],
  backward: true,
  prepare(make, { shape: { M, N }, dtype }) {
    const x = make.tensor([M, N], dtype);
    const weight = make.own(new engine.Vector(make.tensor([N], dtype)));
    return { forward: () => engine.rmsNorm(x, weight, 1e-5).y, watched: [x] };
  },
};

export const rope = {
  shapes: ({ model: { heads, dim }, tokens }) => [{ shape: { M: tokens, heads, dim } }],
  prepare(make, { shape: { M, heads, dim }, dtype }) {
    let x = make.tensor([M, heads, dim], dtype);
    const table = make.angles(M, dim);
    const positions = make.ints(Array.from({ length: M }, (_, i) => i));
    // The op takes its input's memory over.
    make.own({ dispose: () => x.dispose() });
    return { call: () => (x = engine.rope(x, table, positions)) };
  },
};

/** The labelled rows of a tree: a quarter of it. */
const labelled = ({ model, tokens }) => [{ shape: { M: tokens, R: tokens / 4, N: model.width } }];

export const gatherRows = {
  shapes: labelled,
  prepare(make, { shape: { M, R, N }, dtype }) {
    const x = make.tensor([M, N], dtype);
    const rows = make.indices(R, M);
    return { forward: () => engine.gatherRows(x, rows) };
  },
};

export const scatterRows = {
  shapes: labelled,
  prepare(make, { shape: { M, R, N }, dtype }) {
    const x = make.tensor([R, N], dtype);
    const rows = make.indices(R, M);
    return { forward: () => engine.scatterRows(x, rows, M) };
  },
};
