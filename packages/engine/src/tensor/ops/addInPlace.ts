import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

/** a += b, of one shape; b is converted to a's dtype. No gradient: for accumulators. */
export function addInPlace(a: Tensor, b: Tensor): void {
  assertUntracked(a, 'addInPlace');
  assertUntracked(b, 'addInPlace');
  enqueue('add_in_place', [a, b]);
}
