import { enqueueOne } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

/** sqrt(sum x^2) of float32 [N], as float32 [1]; summed in float64 in a fixed order. No gradient. */
export function globalNorm(x: Tensor): Tensor {
  assertUntracked(x, 'globalNorm');
  return enqueueOne('global_norm', [x]);
}
