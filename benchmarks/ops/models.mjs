// The models whose shapes the op benches take: SmolLM2-135M's, and on a GPU a 1B-shaped model's too.
const small = { width: 576, inner: 1536, vocabulary: 49_152, heads: 9, kvHeads: 3, dim: 64 };
const large = { width: 2048, inner: 8192, vocabulary: 128_256, heads: 32, kvHeads: 8, dim: 64 };

/**
 * What the `shapes` of a bench are given, once a model. `rows`: of a matrix product; `tokens`: of one training tree;
 * `trees`: prompts and answers each.
 */
export function workloads(device) {
  if (device === 'cpu') {
    const trees = [
      [8, 2],
      [16, 2],
      [4, 16],
    ];
    return [{ model: small, gpu: false, rows: [1, 8, 64, 512, 2048], tokens: 2048, trees }];
  }
  const trees = [
    [16, 2],
    [64, 2],
    [8, 16],
  ];
  return [small, large].map((model) => ({ model, gpu: true, rows: [16, 512, 4096], tokens: 4096, trees }));
}
