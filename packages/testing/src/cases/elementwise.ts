import { add } from '@selfjudge/engine';
import { addInPlace } from '@selfjudge/engine';
import { cast } from '@selfjudge/engine';
import { clone } from '@selfjudge/engine';
import { fill } from '@selfjudge/engine';
import { reshape } from '@selfjudge/engine';
import { scale } from '@selfjudge/engine';
import { ACTIVATIONS, swiglu, type Activation } from '@selfjudge/engine';
import type { OpCase } from '../case.js';
import * as oracle from '../oracle.js';
import { activation } from './inputs.js';

/** Granite multiplies by 0.22 and 12, Gemma by the square root of a width: what float32 has to round, and what is past 1. */
const factors = [0.22, Math.sqrt(2304), -1.5, 0];

const shapes = [[1], [7, 5], [33, 131], [4, 3, 70]];

export const elementwiseCases: OpCase[] = [
  ...shapes.map((shape): OpCase => ({
    op: 'add',
    name: shape.join('x'),
    inputs: (r) => ({ a: activation(r, shape), b: activation(r, shape) }),
    run: (x) => [add(x.tensor('a'), x.tensor('b'))],
    oracle: (x) => [oracle.add(x.a, x.b)],
  })),
  {
    op: 'add',
    name: 'a tensor to itself, twice used',
    inputs: (r) => ({ a: activation(r, [9, 5]) }),
    run: (x) => {
      const twice = add(x.tensor('a'), x.tensor('a'));
      return [add(twice, x.tensor('a'))];
    },
    oracle: (x) => [x.a.map((value) => 3 * value)],
    roundings: 2,
  },
  ...shapes.map((shape, i): OpCase => ({
    op: 'scale',
    name: `${shape.join('x')} by ${factors[i].toPrecision(3)}`,
    inputs: (r) => ({ x: activation(r, shape) }),
    run: (x) => [scale(x.tensor('x'), factors[i])],
    oracle: (x) => [oracle.scale(x.x, factors[i])],
  })),
  {
    op: 'addInPlace',
    name: 'odd length',
    inputs: (r) => ({ a: activation(r, [33, 7]), b: activation(r, [33, 7]) }),
    run: (x) => {
      addInPlace(x.tensor('a'), x.tensor('b'));
      return [x.tensor('a').retain()];
    },
    oracle: (x) => [oracle.add(x.a, x.b)],
    differentiable: false,
  },
  {
    op: 'fill',
    name: 'a value of every storage type',
    inputs: (r) => ({ a: activation(r, [33, 7]) }),
    run: (x) => {
      const a = clone(x.tensor('a'));
      fill(a, -2.5);
      return [a];
    },
    oracle: (x) => [x.a.map(() => -2.5)],
    differentiable: false,
  },
  {
    op: 'copy',
    name: 'odd length',
    inputs: (r) => ({ a: activation(r, [33, 7]) }),
    run: (x) => [clone(x.tensor('a'))],
    oracle: (x) => [x.a],
    differentiable: false,
  },
  ...(['float32', 'bf16'] as const).map((dtype): OpCase => ({
    op: 'cast',
    name: `to ${dtype}`,
    inputs: (r) => ({ a: activation(r, [33, 7]) }),
    run: (x) => [cast(x.tensor('a'), dtype)],
    oracle: (x) => [x.a],
  })),
  {
    op: 'reshape',
    name: 'to heads and back',
    inputs: (r) => ({ a: activation(r, [5, 12]) }),
    run: (x) => [reshape(reshape(x.tensor('a'), [5, 3, 4]), [5, 12]), reshape(x.tensor('a'), [60])],
    oracle: (x) => [x.a, x.a],
  },
  ...ACTIVATIONS.flatMap((act) => [
    ...shapes.map((shape) => gated(act, shape.join('x'), { shape })),
    gated(act, 'gates to +-200', { shape: [9, 33], size: 60 }),
    // Far enough from 0 for the steps of the differences not to cross it.
    { ...gated(act, 'gates to +-1e30', { shape: [9, 33], size: 3e29, apart: 1e28 }), step: { gate: 1e24 } },
  ]),
  // Where 1 + tanh is small: to the digits that float32 has of it.
  {
    ...gated('gelu_tanh', 'gates around -3.5', { shape: [9, 33], size: 0.2, mean: -3.5 }),
    dtypes: ['float32'],
    tolerance: 2e-6,
  },
];

interface Gates {
  shape: number[];
  size?: number;
  mean?: number;
  /** How far every gate is from `mean` at least. */
  apart?: number;
}

function gated(act: Activation, name: string, { shape, size, mean = 0, apart = 0 }: Gates): OpCase {
  return {
    op: 'swiglu',
    name: `${name}, by ${act}`,
    inputs: (r) => {
      const gate = activation(r, shape, size);
      return {
        gate: { ...gate, values: Float64Array.from(gate.values, (x) => mean + x + Math.sign(x) * apart) },
        up: activation(r, shape),
      };
    },
    run: (x) => [swiglu(x.tensor('gate'), x.tensor('up'), act)],
    oracle: (x) => [oracle.swiglu(x.gate, x.up, act)],
  };
}
