import { enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

/** a + b, of one shape and dtype (float32 or bf16). */
export function add(a: Tensor, b: Tensor): Tensor {
  const y = enqueueOne('add', [a, b]);
  record({ op: 'add', inputs: [a, b], outputs: [y], backward: ([dy]) => [dy, dy] });
  return y;
}
