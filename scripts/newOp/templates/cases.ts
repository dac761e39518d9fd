import { opName } from '@selfjudge/engine';
import type { OpCase } from '../case.js';
import { activation } from './inputs.js';

/** EDIT: the maths in plain float64. */
function expected(x: Float64Array, scale: number): Float64Array {
  return x.map((value) => scale * value * value);
}

// EDIT: shapes and numbers that reach every branch of the kernels: one value, odd tails, work for several threads.
const calls = [
  { shape: [1], scale: 1 },
  { shape: [7, 5], scale: -0.5 },
  { shape: [4, 3, 70], scale: 3 },
  { shape: [131, 257], scale: 0.25 },
];

export const opNameCases: OpCase[] = calls.map(({ shape, scale }) => ({
  op: 'opName',
  name: `${shape.join('x')}, scale ${scale}`,
  inputs: (r) => ({ x: activation(r, shape) }),
  run: (x) => [opName(x.tensor('x'), scale)],
  oracle: (x) => [expected(x.x, scale)],
}));
