// EDIT: what opName works on. The op on the activations of one training tree.
import * as engine from '../../../packages/engine/dist/index.js';

export const opName = {
  shapes: ({ model, tokens }) => [{ shape: { M: tokens, N: model.width } }],
  backward: true,
  prepare(make, { shape: { M, N }, dtype }) {
    const x = make.tensor([M, N], dtype);
    return { forward: () => engine.opName(x, 0.5), watched: [x] };
  },
};
