import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../recording.js';
import type { Tensor } from '../tensor.js';

/**
 * Stores keys and values of rows in a pool, in place. No gradient.
 * @param k float32 or bf16 [T, G, d].
 * @param v [T, G, d].
 * @param slots int32 [T]: block * 64 + offset of each row; a slot named twice keeps the later row.
 * @param poolK [B, G d, 64].
 * @param poolV [B, G 64, d].
 */
export function kvWrite(k: Tensor, v: Tensor, slots: Tensor, poolK: Tensor, poolV: Tensor): void {
  assertUntracked(k, 'kvWrite');
  assertUntracked(v, 'kvWrite');
  enqueue('kv_write', [k, v, slots, poolK, poolV]);
}
