import { enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

/**
 * factor x: both as float32, the product rounded once to x's dtype.
 * @param x float32 or bf16.
 * @param factor A finite number of at most 3.4028235e38 in size, the greatest of float32.
 */
export function scale(x: Tensor, factor: number): Tensor {
  const y = enqueueOne('scale', [x], [factor]);
  record({
    op: 'scale',
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => [dy && scale(dy, factor)],
  });
  return y;
}
