// Which tokens a step of decoding is fed.
import * as engine from '../../../packages/engine/dist/index.js';

export const feedTokens = {
  shapes: () => [{ shape: { R: 64 } }],
  prepare(make, { shape: { R } }) {
    const [sampled, given] = [0, 1].map(() => make.ints(Array.from({ length: R }, (_, i) => i)));
    const from = make.ints(Array.from({ length: R }, (_, i) => (i % 8 === 0 ? -1 : R - 1 - i)));
    return { call: () => engine.feedTokens(sampled, given, from) };
  },
};
