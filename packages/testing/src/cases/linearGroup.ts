import { linearGroup, type LinearPart } from '@selfjudge/engine';
import type { Input, OpCase, Operands } from '../case.js';
import * as oracle from '../oracle.js';
import { activation, matrix, vector, weight } from './inputs.js';

/** Of each layer: its outputs, whether it has a bias, the ranks of its adapters. */
interface Layers {
  rows: number;
  k: number;
  layers: { n: number; bias?: boolean; ranks?: number[] }[];
}

const shapes: Record<string, Layers> = {
  'two, one row': { rows: 1, k: 5, layers: [{ n: 7 }, { n: 48 }] },
  'three of different widths, sixteen rows': { rows: 16, k: 64, layers: [{ n: 144 }, { n: 48 }, { n: 16 }] },
  'three, bias and adapters of different ranks, odd sizes': {
    rows: 35,
    k: 33,
    layers: [
      { n: 49, bias: true, ranks: [8, 3] },
      { n: 7, ranks: [9] },
      { n: 97, bias: true },
    ],
  },
  'three with two adapters each, twenty rows': {
    rows: 20,
    k: 96,
    layers: [
      { n: 96, ranks: [8, 16] },
      { n: 32, ranks: [8, 16] },
      { n: 32, ranks: [8, 16] },
    ],
  },
  'many rows': {
    rows: 131,
    k: 64,
    layers: [
      { n: 130, ranks: [4] },
      { n: 50, bias: true },
    ],
  },
};

const scales = [2, 0.5];

function partsOf({ layers }: Layers, x: Operands): LinearPart[] {
  return layers.map(({ bias, ranks = [] }, i) => ({
    weight: x.weight(`w${i}`),
    bias: bias ? x.vector(`bias${i}`) : undefined,
    adapters: ranks.map((_, j) => ({ a: x.matrix(`a${i}${j}`), b: x.matrix(`b${i}${j}`), scale: scales[j] })),
  }));
}

export const linearGroupCases: OpCase[] = Object.entries(shapes).map(([name, shape]) => ({
  op: 'linearGroup',
  name,
  inputs: (random) => {
    const { rows, k, layers } = shape;
    const all: Record<string, Input> = { x: activation(random, [rows, k]) };
    for (const [i, { n, bias, ranks = [] }] of layers.entries()) {
      all[`w${i}`] = { ...weight(random, [n, k]), frozen: true };
      if (bias) all[`bias${i}`] = vector(random, [n]);
      for (const [j, rank] of ranks.entries()) {
        all[`a${i}${j}`] = matrix(random, [rank, k], true);
        all[`b${i}${j}`] = matrix(random, [n, rank], true);
      }
    }
    return all;
  },
  run: (x) => linearGroup(x.tensor('x'), partsOf(shape, x)),
  oracle: (x) =>
    shape.layers.map(({ ranks = [] }, i) =>
      oracle.linear(x.x, x[`w${i}`], shape.k, {
        bias: x[`bias${i}`],
        adapters: ranks.map((rank, j) => ({
          a: x[`a${i}${j}`],
          b: x[`b${i}${j}`],
          rank,
          scale: scales[j],
          start: 0,
          rows: shape.rows,
          dropout: 0,
          module: 0,
        })),
      }),
    ),
  differentiable: false,
}));
