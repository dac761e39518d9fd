// What the op benches measure: SmolLM2-135M's shapes, and on a GPU a 1B-shaped model's too.
const small = { width: 576, inner: 1536, vocabulary: 49_152, heads: 9, kvHeads: 3, dim: 64 };
const large = { width: 2048, inner: 8192, vocabulary: 128_256, heads: 32, kvHeads: 8, dim: 64 };

/** A tree of `prompts` prompts with `answers` answers each: [prompt length, answer length] a prompt, HH-like. */
function tree(prompts, answers, seed = 7) {
  let state = seed;
  const below = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
  return Array.from({ length: prompts }, () => ({
    prompt: 32 + below(225),
    answers: Array.from({ length: answers }, () => 16 + below(113)),
  }));
}

/** @returns {{ op: string, shape: object, flops: number }[]} */
export function opShapes(device) {
  const gpu = device !== 'cpu';
  const models = gpu ? [small, large] : [small];
  const rows = gpu ? [16, 512, 4096] : [1, 8, 64, 512, 2048];
  const shapes = [];
  for (const m of models) {
    for (const M of rows) {
      for (const [N, K] of [
        [m.width, m.width],
        [m.inner, m.width],
        [m.width, m.inner],
      ]) {
        shapes.push({ op: 'linear', shape: { M, N, K }, flops: 2 * M * N * K });
      }
    }
    for (const M of gpu ? [512, 4096] : [512, 2048]) {
      const [N, K] = [m.vocabulary, m.width];
      shapes.push({ op: 'logprob', shape: { M, N, K }, flops: 2 * M * N * K });
      shapes.push({ op: 'logprob+backward', shape: { M, N, K }, flops: 6 * M * N * K });
    }
    const { heads, kvHeads, dim } = m;
    for (const [prompts, answers] of gpu
      ? [
          [16, 2],
          [64, 2],
          [8, 16],
        ]
      : [[8, 2]]) {
      const batch = tree(prompts, answers);
      // Of what a row really attends to, unshared.
      const pairs = batch.reduce(
        (sum, { prompt, answers: lengths }) =>
          sum + lengths.reduce((s, n) => s + ((prompt + n) * (prompt + n + 1)) / 2, 0),
        0,
      );
      const shape = { prompts, answers, heads, kvHeads, dim };
      shapes.push({ op: 'attention', shape, batch, flops: 4 * pairs * heads * dim });
      shapes.push({ op: 'attention+backward', shape, batch, flops: 14 * pairs * heads * dim });
    }
  }
  return shapes;
}
