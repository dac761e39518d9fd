import { object, whole } from '@selfjudge/base/checks';
import { enqueueOne } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

const isReads = object({ pairs: whole(0), keys: whole(0) });

/** What a call reads of its pool, as the device cannot look into its tensors. Results do not depend on it. */
export interface PoolReads {
  /** Sum of the rows' lengths: pairs of a row and a key it sees. */
  pairs: number;
  /** Distinct keys read. */
  keys: number;
}

/**
 * treeAttention with keys and values from a pool of 64-key blocks; bitwise the same result for the same path.
 * For inference: no gradient.
 * @param q float32 or bf16 [T, H, d].
 * @param poolK [B, G d, 64], keys transposed: column j of a block is its key j.
 * @param poolV [B, G 64, d].
 * @param tables int32 [S, C], the blocks of each sequence in order.
 * @param rowTable int32 [T], the table of each row.
 * @param lengths int32 [T], keys each row reads, its own included.
 * @param reads what lengths and tables come to, for the device's counters.
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
  reads: PoolReads,
): Tensor {
  isReads(reads, 'reads', 'treeAttentionPool');
  const { pairs, keys } = reads;
  assertUntracked(q, 'treeAttentionPool');
  const inputs = [q, poolK, poolV, tables, rowTable, lengths];
  return enqueueOne('tree_attention_pool', inputs, [scale, pairs, keys]);
}
