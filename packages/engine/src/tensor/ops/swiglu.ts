import { enqueue, enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

/** gate sigmoid(gate) up (Shazeer, arXiv 2002.05202), of one shape and dtype. Recomputed in the backward. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  const y = enqueueOne('swiglu', [gate, up]);
  record({
    op: 'swiglu',
    inputs: [gate, up],
    outputs: [y],
    save: () => ({ gate, up }),
    backward: ([dy], saved) =>
      dy === undefined ? [] : enqueue('swiglu_backward', [dy, saved.gate, saved.up]),
  });
  return y;
}
