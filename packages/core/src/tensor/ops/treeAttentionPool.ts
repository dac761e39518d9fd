import { enqueueOne } from '../enqueue.js';
import { assertUntracked } from '../recording.js';
import type { Tensor } from '../tensor.js';

/**
 * treeAttention with keys and values from a pool of 64-key blocks; bitwise the same result for the same path.
 * For inference: no gradient.
 * @param q float32 or bf16 [T, H, d].
 * @param poolK [B, G d, 64], keys transposed: column j of a block is its key j.
 * @param poolV [B, G 64, d].
 * @param tables int32 [S, C], the blocks of each sequence in order.
 * @param rowTable int32 [T], the table of each row.
 * @param lengths int32 [T], keys each row reads, its own included.
 * @returns [T, H, d].
 */
export function treeAttentionPool(
  q: Tensor,
  poolK: Tensor,
  poolV: Tensor,
  tables: Tensor,
  rowTable: Tensor,
  lengths: Tensor,
  scale: number,
): Tensor {
  assertUntracked(q, 'treeAttentionPool');
  return enqueueOne('tree_attention_pool', q.device, [q, poolK, poolV, tables, rowTable, lengths], [scale]);
}
