import { describe, expect, it } from 'vitest';
import { LINEARS, type ModelConfig } from '@selfjudge/engine';
import { linearPath, linearShape, parameterSpecs } from '@selfjudge/engine/internal';
import { Autodiff, matrix, type Matrix } from './autodiff.js';
import { referenceLogprobs, type ReferenceModel } from './autodiffLlama.js';
import { Random } from './random.js';
import { tinyConfig } from './tinyModel.js';

/**
 * The largest difference between a gradient and four-point central differences along a random direction of each leaf,
 * relative to the gradient's norm, which is the size of such a derivative.
 */
function worstError(leaves: Matrix[], random: Random, f: (ad: Autodiff) => Matrix): number {
  const ad = new Autodiff();
  const y = f(ad);
  const seed = random.normals(y.data.length);
  ad.backward(y, seed);
  const loss = () => f(new Autodiff()).data.reduce((sum, value, i) => sum + value * seed[i], 0);
  const step = 5e-4;
  return Math.max(
    ...leaves.map(({ data, grad }) => {
      const start = data.slice();
      const direction = random.normals(data.length);
      const at = (t: number) => {
        data.forEach((_, i) => (data[i] = start[i] + t * direction[i]));
        return loss();
      };
      const numeric = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
      data.set(start);
      const exact = grad.reduce((sum, g, i) => sum + g * direction[i], 0);
      return Math.abs(numeric - exact) / Math.hypot(...grad);
    }),
  );
}

const random = new Random('autodiff');
const normal = (rows: number, columns: number, scale = 1): Matrix =>
  matrix(random.normals(rows * columns, scale), columns);

describe('Autodiff', () => {
  const [a, b, row, column] = [normal(3, 4), normal(3, 4), normal(1, 4), normal(3, 1)];
  const right = normal(4, 2);
  const operations: Record<string, [leaves: Matrix[], f: (ad: Autodiff) => Matrix]> = {
    times: [[a, right], (ad) => ad.times(a, right)],
    timesTransposed: [[a, b], (ad) => ad.timesTransposed(a, b)],
    transposed: [[a], (ad) => ad.transposed(a)],
    'times its own transpose': [[a], (ad) => ad.timesTransposed(a, a)],
    add: [[a, b, row, column], (ad) => ad.add(ad.add(ad.add(a, b), row), column)],
    multiply: [[a, b, row, column], (ad) => ad.multiply(ad.multiply(ad.multiply(a, b), row), column)],
    square: [[a], (ad) => ad.multiply(a, a)],
    map: [[a], (ad) => ad.map(a, Math.sin, Math.cos)],
    sumRows: [[a], (ad) => ad.sumRows(a)],
    gather: [[a], (ad) => ad.gather(a, [2, 0, 2, 2])],
    columns: [[a], (ad) => ad.columns(a, 1, 3)],
    beside: [[a, column], (ad) => ad.beside([a, column, a])],
  };
  it.each(Object.entries(operations))('%s', (_, [leaves, f]) => {
    for (const leaf of leaves) leaf.grad.fill(0);
    expect(worstError(leaves, random, f)).toBeLessThan(1e-10);
  });
});

describe('referenceLogprobs', () => {
  const config: ModelConfig = {
    ...tinyConfig,
    tieWordEmbeddings: false,
    qkvBias: true,
    oBias: true,
    mlpBias: true,
  };
  const named = (specs: Iterable<{ name: string; shape: number[] }>) =>
    new Map(
      [...specs].map(({ name, shape }) => [name, normal(shape[1] ? shape[0] : 1, shape[1] ?? shape[0], 0.3)]),
    );
  const rank = 3;
  const adapter = () =>
    named(
      LINEARS.flatMap((name) => {
        const [rows, columns] = linearShape(config, name);
        const path = `base_model.model.${linearPath(1, name)}`;
        return [
          { name: `${path}.lora_A.weight`, shape: [rank, columns] },
          { name: `${path}.lora_B.weight`, shape: [rows, rank] },
        ];
      }),
    );
  const model: ReferenceModel = {
    config,
    weights: named(parameterSpecs(config)),
    adapters: [
      { matrices: adapter(), scale: 2, dropout: 0.3 },
      { matrices: adapter(), scale: 0.5, dropout: 0 },
    ],
  };
  const path = { tokens: [3, 1, 4, 1, 5], rowKeys: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], seed: 1, step: 2 };

  it('has the gradients of central differences, for every weight and adapter', () => {
    const leaves = [model.weights, ...model.adapters.map(({ matrices }) => matrices)].flatMap((m) => [
      ...m.values(),
    ]);
    expect(leaves.length).toBe([...parameterSpecs(config)].length + 4 * LINEARS.length);
    expect(worstError(leaves, random, (ad) => referenceLogprobs(ad, model, path))).toBeLessThan(1e-8);
  });

  it('gives probabilities that sum to 1 and that later tokens do not change', () => {
    const { data, columns } = referenceLogprobs(new Autodiff(), model, path);
    const cut = { ...path, tokens: path.tokens.slice(0, 2) };
    expect(referenceLogprobs(new Autodiff(), model, cut).data).toEqual(data.slice(0, 2 * columns));
    const sums = Array.from({ length: 5 }, (_, r) =>
      data.subarray(r * columns, (r + 1) * columns).reduce((sum, logp) => sum + Math.exp(logp), 0),
    );
    for (const sum of sums) expect(sum).toBeCloseTo(1, 12);
  });
});
