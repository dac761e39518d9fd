import { feedTokens } from '@selfjudge/engine';
import type { OpCase } from '../case.js';
import { ints } from './inputs.js';

const many = 300; // more than a block of threads

const calls = [
  { name: 'one given', sampled: [5], given: [7], from: [-1] },
  { name: 'one drawn', sampled: [5], given: [7], from: [0] },
  {
    name: 'given, drawn, drawn twice, not finite',
    sampled: [9, -1, 3],
    given: [1, 2, 3, 4, 5],
    from: [2, -1, 0, 2, 1],
  },
  {
    name: 'many rows',
    sampled: Array.from({ length: 64 }, (_, i) => 49_151 - i),
    given: Array.from({ length: many }, (_, i) => i),
    from: Array.from({ length: many }, (_, i) => (i % 3 === 0 ? -1 : (i * 7) % 64)),
  },
];

export const feedTokensCases: OpCase[] = calls.map(({ name, sampled, given, from }) => ({
  op: 'feedTokens',
  name,
  dtypes: ['float32'],
  inputs: () => ({ sampled: ints(sampled), given: ints(given), from: ints(from) }),
  run: (x) => [feedTokens(x.tensor('sampled'), x.tensor('given'), x.tensor('from'))],
  oracle: (x) => [Float64Array.from(x.from, (at, i) => (at < 0 ? x.given[i] : Math.max(x.sampled[at], 0)))],
  differentiable: false,
}));
