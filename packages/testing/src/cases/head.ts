import { linearLogprob } from '@selfjudge/engine';
import { linearSample } from '@selfjudge/engine';
import type { Input, OpCase } from '../case.js';
import * as oracle from '../oracle.js';
import type { Random } from '../random.js';
import { activation, ints, weight } from './inputs.js';

interface HeadCase {
  vocabulary: number;
  dim: number;
  rows: number[];
  labels: number[];
  /** Size of h, which scales the logits. */
  size?: number;
  /** Steps of the differences that keep softmax smooth and its change visible. */
  step?: Record<string, number>;
  count: number;
  frozen?: boolean;
}

const heads: Record<string, HeadCase> = {
  'vocabulary 7, labels at both ends': {
    vocabulary: 7,
    dim: 5,
    count: 3,
    rows: [0, 1, 2],
    labels: [0, 6, 3],
  },
  'ragged: none, one, three and a repeated label a row': {
    vocabulary: 131,
    dim: 33,
    count: 4,
    rows: [3, 0, 2, 2, 2, 3],
    labels: [130, 0, 47, 48, 0, 130],
  },
  'vocabulary 49,152': { vocabulary: 49_152, dim: 9, count: 2, rows: [0, 1, 1], labels: [0, 49_151, 1000] },
  'frozen head': {
    vocabulary: 100,
    dim: 24,
    count: 3,
    rows: [0, 0, 1, 2],
    labels: [1, 2, 99, 0],
    frozen: true,
  },
  'huge logits': {
    vocabulary: 50,
    dim: 16,
    count: 3,
    rows: [0, 1, 2],
    labels: [0, 49, 7],
    size: 3000,
    step: { h: 1e-2, w: 1e-5 },
  },
  'tiny logits': {
    vocabulary: 50,
    dim: 16,
    count: 3,
    rows: [0, 1, 2],
    labels: [0, 49, 7],
    size: 1e-6,
    step: { h: 1e-2, w: 10 },
  },
};

/** With a frozen head another op computes them. */
const frozenHeads = Object.fromEntries(
  Object.entries(heads).flatMap(([name, c]) =>
    c.frozen ? [] : [[`${name}; frozen`, { ...c, frozen: true }]],
  ),
);

/**
 * The size of what an element of dh adds up, as the root of its terms' mean square: a term is p w times the sum of the row's
 * dlogp. p is at most 1; of logits of about 1 its mean square is e / V^2 (they are normal), so that V terms make
 * sqrt(e / V). The sum of three normal dlogp is below 3 but once in twelve, w is 1 / sqrt(dim). dw's terms are no larger.
 */
const addedUp = ({ vocabulary, dim, size = 1 }: HeadCase): number =>
  (3 * (size > 1 ? 1 : Math.sqrt(Math.E / vocabulary))) / Math.sqrt(dim);

function headInputs(c: HeadCase, random: Random): Record<string, Input> {
  const { vocabulary, dim, count, rows, labels, size = 1, frozen } = c;
  return {
    h: activation(random, [count, dim], size),
    w: { ...weight(random, [vocabulary, dim]), frozen: frozen ?? false },
    rows: ints(rows),
    labels: ints(labels),
  };
}

/** Identity-like head: the label's logit is h[0], the other six are 0, so p = 1 - 1e-6 at h[0] = ln(6e6 - 6). */
const certain = (frozen: boolean): OpCase => ({
  op: 'linearLogprob',
  name: `p(label) = 1 - 1e-6${frozen ? '; frozen' : ''}`,
  inputs: () => ({
    h: { role: 'activation', shape: [2, 7], values: [...certainRow(), ...certainRow()] },
    w: {
      role: 'weight',
      shape: [7, 7],
      values: Array.from({ length: 49 }, (_, i) => (i % 8 === 0 ? 1 : 0)),
      frozen,
    },
    rows: ints([0, 1]),
    labels: ints([0, 0]),
  }),
  run: (x) => [linearLogprob(x.tensor('h'), x.weight('w'), x.tensor('rows'), x.tensor('labels'))],
  oracle: (x) => [oracle.linearLogprob(x.h, x.w, 7, x.rows, x.labels)],
  magnitude: 16,
  // Rounding of lse, of size 16, moves every probability by 16 * 2^-24.
  tolerance: 1e-5,
  // dw sums the tiny probabilities of two rows whose weights nearly cancel; a kernel may hold them in bf16.
  gradientMagnitude: 3e-6,
});

function certainRow(): number[] {
  return [Math.log(6e6 - 6), 0, 0, 0, 0, 0, 0];
}

export const headCases: OpCase[] = [
  ...Object.entries({ ...heads, ...frozenHeads }).flatMap(([name, c]): OpCase[] => {
    const magnitude = 3 * (c.size ?? 1);
    return [
      {
        op: 'linearLogprob',
        name,
        inputs: (random) => headInputs(c, random),
        run: (x) => [linearLogprob(x.tensor('h'), x.weight('w'), x.tensor('rows'), x.tensor('labels'))],
        oracle: (x) => [oracle.linearLogprob(x.h, x.w, c.dim, x.rows, x.labels)],
        magnitude,
        // Rounding of logits, of this size, moves probabilities.
        tolerance: Math.max(1e-5, 2 ** -22 * magnitude),
        // In bf16 a backward may hold the probabilities in bf16 too, as operands of its products.
        roundings: 2,
        gradientMagnitude: addedUp(c),
        step: c.step,
      },
      {
        op: 'linearSample',
        name: `${name}: the most likely token`,
        inputs: (random) => ({
          ...headInputs(c, random),
          keys: ints(
            Array.from({ length: 2 * c.count }, (_, i) => i),
            [c.count, 2],
          ),
        }),
        run: (x) => {
          const greedy = linearSample(x.tensor('h'), x.weight('w'), x.tensor('keys'), { temperature: 0 });
          const only = linearSample(x.tensor('h'), x.weight('w'), x.tensor('keys'), { topK: 1, seed: 5 });
          const vocabSize = tokenizerIds(c);
          const bounded = linearSample(x.tensor('h'), x.weight('w'), x.tensor('keys'), {
            temperature: 0,
            vocabSize,
          });
          const alone = linearSample(x.tensor('h'), x.weight('w'), x.tensor('keys'), { topK: 1, vocabSize });
          return [
            greedy.tokens,
            greedy.logp,
            greedy.samplingLogp,
            only.tokens,
            only.samplingLogp,
            bounded.tokens,
            bounded.logp,
            bounded.samplingLogp,
            alone.tokens,
            alone.logp,
          ];
        },
        oracle: (x) => {
          const rows = Array.from({ length: c.count }, (_, row) => row);
          const logits = oracle.matmul(x.h, x.w, c.dim);
          const likeliest = (ids: number) =>
            Float64Array.from(rows, (row) =>
              argmax(logits.subarray(row * c.vocabulary, row * c.vocabulary + ids)),
            );
          const [tokens, first] = [likeliest(c.vocabulary), likeliest(tokenizerIds(c))];
          const logp = (ids: Float64Array) => oracle.linearLogprob(x.h, x.w, c.dim, rows, ids);
          const zeros = new Float64Array(c.count);
          return [tokens, logp(tokens), zeros, tokens, zeros, first, logp(first), zeros, first, logp(first)];
        },
        differentiable: false,
        magnitude,
      },
    ];
  }),
  certain(false),
  certain(true),
];

/** Of a tokenizer whose model has rows past them, within a strip of the vocabulary and past its last panel. */
const tokenizerIds = ({ vocabulary }: HeadCase): number => Math.ceil(0.6 * vocabulary) + 1;

function argmax(values: Float64Array): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}
