// The optimizer's step on one flat tensor of parameters.
import * as engine from '../../../packages/engine/dist/index.js';

const parameters = ({ gpu }) => [{ shape: { N: gpu ? 2 ** 24 : 2 ** 22 } }];

export const adamw = {
  shapes: parameters,
  prepare(make, { shape: { N } }) {
    const [grad, param] = [0, 1].map(() => make.tensor([N], 'float32'));
    const [m, v] = [0, 1].map(() => make.own(engine.Tensor.zeros(make.device, [N])));
    const options = { lr: 1e-5, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };
    let step = 0;
    return { call: () => engine.adamw({ grad, param, m, v }, { ...options, step: ++step }) };
  },
};

export const globalNorm = {
  shapes: parameters,
  prepare(make, { shape: { N } }) {
    const x = make.tensor([N], 'float32');
    return { forward: () => engine.globalNorm(x) };
  },
};
