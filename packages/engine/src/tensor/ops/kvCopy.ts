import { enqueue } from '../enqueue.js';
import type { Tensor } from '../tensor.js';

/**
 * Copies the first keys of blocks to other blocks of the pool, in place: how a branch inside a block starts.
 * @param moves int32 [M, 3]: (from block, to block, number of keys up to 64), in this order.
 * @param poolK [B, G d, 64].
 * @param poolV [B, G 64, d].
 * @param keys sum of the numbers of keys, for the device's counters.
 */
export function kvCopy(moves: Tensor, poolK: Tensor, poolV: Tensor, keys: number): void {
  enqueue('kv_copy', [moves, poolK, poolV], [keys]);
}
