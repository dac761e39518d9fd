import { adamw } from '@selfjudge/engine';
import { globalNorm } from '@selfjudge/engine';
import type { OpCase } from '../case.js';
import * as oracle from '../oracle.js';
import { float32 } from './inputs.js';

const first = { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, step: 1, gradScale: 0.5 };
// An eps that counts: of 1e-8 nobody would notice the sign.
const later = { ...first, step: 1000, lr: 3e-4, eps: 0.1, gradScale: -2 };

export const optimizerCases: OpCase[] = [
  ...[1, 13, 5000].flatMap((size) =>
    [first, later].map((options): OpCase => ({
      op: 'adamw',
      name: `${size} values, step ${options.step}`,
      dtypes: ['float32'],
      inputs: (r) => ({
        grad: float32([size], r.normals(size)),
        param: float32([size], r.normals(size)),
        m: float32([size], r.normals(size, 0.1)),
        v: float32([size], r.normals(size, 0.1).map(Math.abs)),
      }),
      run: (x) => {
        const [grad, param, m, v] = ['grad', 'param', 'm', 'v'].map((name) => x.tensor(name));
        adamw({ grad, param, m, v }, options);
        return [param.retain(), m.retain(), v.retain()];
      },
      oracle: (x) => oracle.adamw(x.grad, x.param, x.m, x.v, options),
      differentiable: false,
    })),
  ),
  ...[1, 4096, 10_001].map((size): OpCase => ({
    op: 'globalNorm',
    name: `${size} values`,
    dtypes: ['float32'],
    inputs: (r) => ({ x: float32([size], r.normals(size)) }),
    run: (x) => [globalNorm(x.tensor('x'))],
    oracle: (x) => [oracle.globalNorm(x.x)],
    differentiable: false,
    tolerance: 2 ** -23,
  })),
];
