import { enqueue, enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

/**
 * scale x^2, of x's shape and dtype. EDIT: the maths, its source, and what the tensors are.
 * @param x float32 or bf16, of any shape.
 */
export function opName(x: Tensor, scale: number): Tensor {
  const y = enqueueOne('op_stem', [x], [scale]);
  record({
    op: 'opName',
    inputs: [x],
    outputs: [y],
    // EDIT: what the backward reads, and how the gradients of the inputs come from those of the outputs.
    save: () => ({ x }),
    backward: ([dy], saved) => (dy === undefined ? [] : enqueue('op_stem_backward', [dy, saved.x], [scale])),
  });
  return y;
}
