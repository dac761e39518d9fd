// The head: log-probabilities of labels with a frozen head, and sampling.
import * as engine from '../../../packages/engine/dist/index.js';

export const linearLogprob = {
  shapes: ({ model: { width: K, vocabulary: N }, gpu }) =>
    (gpu ? [512, 4096] : [512, 2048]).map((M) => ({ shape: { M, N, K } })),
  backward: true,
  prepare(make, { shape: { M, N, K }, dtype }) {
    const h = make.tensor([M, K], dtype);
    const head = make.weight([N, K], dtype);
    const rows = make.ints(Array.from({ length: M }, (_, i) => i));
    const labels = make.indices(M, N);
    return { forward: () => engine.linearLogprob(h, head, rows, labels), watched: [h] };
  },
};

export const linearSample = {
  shapes: ({ model: { width: K, vocabulary: N } }) => [1, 64].map((M) => ({ shape: { M, N, K } })),
  prepare(make, { shape: { M, N, K }, dtype }) {
    const h = make.tensor([M, K], dtype);
    const head = make.weight([N, K], dtype);
    const keys = make.ints(
      Array.from({ length: 2 * M }, (_, i) => i),
      [M, 2],
    );
    return {
      call() {
        const drawn = engine.linearSample(h, head, keys, { topP: 0.9 });
        for (const tensor of Object.values(drawn)) tensor.dispose();
      },
    };
  },
};
