// Elementwise ops on the activations of one training tree.
import * as engine from '../../../packages/engine/dist/index.js';

const activations = ({ model, tokens }) => [{ shape: { M: tokens, N: model.width } }];

export const add = {
  shapes: activations,
  prepare(make, { shape: { M, N }, dtype }) {
    const [a, b] = [make.tensor([M, N], dtype), make.tensor([M, N], dtype)];
    return { forward: () => engine.add(a, b) };
  },
};

export const scale = {
  shapes: activations,
  prepare(make, { shape: { M, N }, dtype }) {
    const x = make.tensor([M, N], dtype);
    return { forward: () => engine.scale(x, 0.22) };
  },
};

export const addInPlace = {
  shapes: activations,
  prepare(make, { shape: { M, N }, dtype }) {
    const [a, b] = [make.tensor([M, N], dtype), make.tensor([M, N], dtype, 1e-3)];
    return { call: () => engine.addInPlace(a, b) };
  },
};

export const fill = {
  shapes: activations,
  prepare(make, { shape: { M, N }, dtype }) {
    const x = make.tensor([M, N], dtype);
    return { call: () => engine.fill(x, 0.5) };
  },
};

export const copy = {
  shapes: activations,
  prepare(make, { shape: { M, N }, dtype }) {
    const [x, y] = [make.tensor([M, N], dtype), make.tensor([M, N], dtype)];
    return { call: () => engine.copyTo(x, y) };
  },
};

export const castF32 = {
  shapes: activations,
  prepare(make, { shape: { M, N } }) {
    const x = make.tensor([M, N], 'bf16');
    return { forward: () => engine.cast(x, 'float32') };
  },
};

export const castBf16 = {
  shapes: activations,
  prepare(make, { shape: { M, N } }) {
    const x = make.tensor([M, N], 'float32');
    return { forward: () => engine.cast(x, 'bf16') };
  },
};

export const swiglu = {
  shapes: ({ model, tokens }) => [{ shape: { M: tokens, N: model.inner } }],
  backward: true,
  prepare(make, { shape: { M, N }, dtype }) {
    const [gate, up] = [make.tensor([M, N], dtype), make.tensor([M, N], dtype)];
    return { forward: () => engine.swiglu(gate, up), watched: [gate, up] };
  },
};
