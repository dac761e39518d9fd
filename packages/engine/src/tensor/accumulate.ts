import { add } from './ops/add.js';
import { enqueue } from './enqueue.js';
import type { Tensor } from './tensor.js';

/**
 * The sum of two gradients, both owned by the caller and both gone afterwards. Written over one of them where nobody
 * else holds its memory; addition commutes, so which one does not change a bit.
 */
export function accumulate(sum: Tensor | undefined, term: Tensor): Tensor {
  if (sum === undefined) return term;
  if (sum.exclusive || term.exclusive) {
    const [kept, other] = sum.exclusive ? [sum, term] : [term, sum];
    enqueue('add_in_place', [kept, other]);
    other.dispose();
    return kept;
  }
  const total = add(sum, term);
  sum.dispose();
  term.dispose();
  return total;
}
