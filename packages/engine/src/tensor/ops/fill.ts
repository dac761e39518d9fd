import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

/** Sets every element, in place, rounded to the tensor's dtype. */
export function fill(x: Tensor, value: number): void {
  assertUntracked(x, 'fill');
  enqueue('fill', [x], [value]);
}
