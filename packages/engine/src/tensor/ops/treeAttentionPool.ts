import { enqueueOne } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

/** What a call reads of its pool, as the device cannot look into its tensors. Results do not depend on it. */
export interface PoolReads {
  /** Pairs of a row and a key it sees: without a window the sum of the rows' lengths. */
  pairs: number;
  /** Distinct keys read. */
  keys: number;
}

/** What the calls with one window read. */
export interface WindowReads extends PoolReads {
  /** 0: none. */
  window: number;
}

/**
 * treeAttention with keys and values from a pool of 64-key blocks; bitwise the same result for the same path.
 * For inference: no gradient.
 * @param q float32 or bf16 [T, H, d].
 * @param poolK [B, G d, 64], keys transposed: column j of a block is its key j.
 * @param poolV [B, G 64, d].
 * @param tables int32 [S, C], the blocks of each sequence in order.
 * @param rowTable int32 [T], the table of each row.
 * @param lengths int32 [T], keys on the path of each row, its own included.
 * @param reads what lengths, tables and window come to, for the device's counters.
 * @param window as of treeAttention; blocks that no row sees a key of may be any number in the tables.
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
  window = 0,
): Tensor {
  const { pairs, keys } = reads;
  assertUntracked(q, 'treeAttentionPool');
  const inputs = [q, poolK, poolV, tables, rowTable, lengths];
  return enqueueOne('tree_attention_pool', inputs, [scale, window, pairs, keys]);
}
