import { conditionOf } from '../../packages/selfjudge/dist/world/testbed/conditions.js';

/** One seed in sizes of a test, on a kernel path that every machine has: test/testbed.test.ts makes it again. */
export const check = {
  name: 'check',
  path: 'avx2',
  seeds: [1],
  cells: [{ name: 'small', options: { jsftSteps: 120, steps: 40 } }],
  of: conditionOf,
};
