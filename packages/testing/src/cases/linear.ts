import { ACTIVATIONS, add, linear, scale, swiglu } from '@selfjudge/engine';
import type { Activation, LinearAdapter } from '@selfjudge/engine';
import type { Input, OpCase, Operands, Values } from '../case.js';
import * as oracle from '../oracle.js';
import type { Random } from '../random.js';
import { activation, ints, matrix, vector, weight } from './inputs.js';

interface AdapterShape {
  rank: number;
  start: number;
  rows: number;
  dropout: number;
  frozen?: boolean;
}

interface LinearShape {
  rows: number;
  k: number;
  n: number;
  bias?: boolean;
  frozen?: boolean;
  /** The activation of a gate. */
  gate?: Activation;
  adapters?: AdapterShape[];
}

const shapes: Record<string, LinearShape> = {
  'one row': { rows: 1, k: 5, n: 7 },
  'odd sizes, bias': { rows: 7, k: 131, n: 97, bias: true },
  'one column': { rows: 37, k: 131, n: 1 },
  'many rows': { rows: 131, k: 64, n: 48 },
  'weight frozen': { rows: 9, k: 40, n: 50, frozen: true },
  'one adapter, weight frozen': {
    rows: 13,
    k: 33,
    n: 49,
    frozen: true,
    adapters: [{ rank: 8, start: 0, rows: 13, dropout: 0 }],
  },
  'gated, one row': { rows: 1, k: 5, n: 7, gate: 'silu' },
  'gated by gelu_tanh, one row': { rows: 1, k: 5, n: 7, gate: 'gelu_tanh' },
  'gated, many rows': { rows: 131, k: 64, n: 144, gate: 'silu' },
  'gated, bias and adapters': {
    rows: 35,
    k: 33,
    n: 49,
    bias: true,
    gate: 'gelu_tanh',
    adapters: [
      { rank: 8, start: 0, rows: 35, dropout: 0, frozen: true },
      { rank: 4, start: 5, rows: 7, dropout: 0.3 },
    ],
  },
  'everything trained': {
    rows: 35,
    k: 33,
    n: 49,
    bias: true,
    adapters: [
      { rank: 1, start: 0, rows: 35, dropout: 0 },
      { rank: 8, start: 5, rows: 7, dropout: 0 },
    ],
  },
  'a frozen adapter on all rows, a trained one with dropout on some': {
    rows: 21,
    k: 30,
    n: 11,
    frozen: true,
    adapters: [
      { rank: 4, start: 0, rows: 21, dropout: 0, frozen: true },
      { rank: 8, start: 20, rows: 1, dropout: 0.3 },
    ],
  },
  'dropout in both': {
    rows: 9,
    k: 18,
    n: 5,
    frozen: true,
    adapters: [
      { rank: 3, start: 0, rows: 4, dropout: 0.5 },
      { rank: 2, start: 2, rows: 7, dropout: 0.1 },
    ],
  },
};

function inputs(shape: LinearShape, random: Random): Record<string, Input> {
  const { rows, k, n, bias, frozen = false, gate, adapters = [] } = shape;
  const result: Record<string, Input> = {
    x: activation(random, [rows, k]),
    w: { ...weight(random, [n, k]), frozen },
    keys: ints(
      Array.from({ length: 2 * rows }, () => random.below(2 ** 32) | 0),
      [rows, 2],
    ),
  };
  if (bias) result.bias = vector(random, [n]);
  if (gate !== undefined) result.gate = activation(random, [rows, n]);
  adapters.forEach(({ rank, frozen: fixed }, i) => {
    result[`a${i}`] = matrix(random, [rank, k], fixed);
    result[`b${i}`] = matrix(random, [n, rank], fixed);
  });
  return result;
}

const scales = [2, 0.5];
const modules = [3, 11];

function run(shape: LinearShape, x: Operands): ReturnType<OpCase['run']> {
  const adapters = (shape.adapters ?? []).map(({ start, rows, dropout }, i): LinearAdapter => ({
    a: x.matrix(`a${i}`),
    b: x.matrix(`b${i}`),
    scale: scales[i],
    start,
    rows,
    dropout,
    module: modules[i],
  }));
  const bias = shape.bias ? x.vector('bias') : undefined;
  const gate = shape.gate && x.tensor('gate');
  const options = {
    bias,
    adapters,
    gate,
    activation: shape.gate,
    rowKeys: x.tensor('keys'),
    seed: 4_000_000_000,
    step: 17,
  };
  return [linear(x.tensor('x'), x.weight('w'), options)];
}

function expected(shape: LinearShape, x: Values): Float64Array[] {
  const adapters = (shape.adapters ?? []).map((adapter, i) => ({
    ...adapter,
    a: x[`a${i}`],
    b: x[`b${i}`],
    scale: scales[i],
    module: modules[i],
  }));
  const y = oracle.linear(x.x, x.w, shape.k, {
    bias: x.bias,
    adapters,
    rowKeys: x.keys,
    seed: 4_000_000_000,
    step: 17,
  });
  return [shape.gate === undefined ? y : oracle.swiglu(x.gate, y, shape.gate)];
}

/** A gated layer less swiglu of the layer without a gate: nothing, to the bit. */
function fusionCase(gate: Activation): OpCase {
  const shape = { rows: 35, k: 33, n: 49, bias: true };
  return {
    op: 'linear',
    name: `gated by ${gate}, against swiglu`,
    inputs: (random) => inputs({ ...shape, gate }, random),
    run: (x) => {
      const [z] = run(shape, x);
      const [y] = run({ ...shape, gate }, x);
      return [add(y, scale(swiglu(x.tensor('gate'), z, gate), -1))];
    },
    oracle: () => [new Float64Array(shape.rows * shape.n)],
    differentiable: false,
  };
}

export const linearCases: OpCase[] = [
  ...Object.entries(shapes).map(([name, shape]): OpCase => ({
    op: 'linear',
    name,
    inputs: (random) => inputs(shape, random),
    run: (x) => run(shape, x),
    oracle: (x) => expected(shape, x),
    roundings: shape.gate === undefined ? 1 : 2,
  })),
  ...ACTIVATIONS.map(fusionCase),
];
