import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';

/** The angles of rows, as `rope` takes them. */
export interface Angles {
  /** float32 [P, r], r even and at most d: the cosines of the r/2 angles of a position, then the sines. */
  table: Tensor;
  /** int32 [T], 0 to P - 1; anything else is a fault. */
  positions: Tensor;
}

/**
 * Stores keys and values of rows in a pool, in place. No gradient.
 * @param k float32 or bf16 [T, G, d].
 * @param v [T, G, d].
 * @param slots int32 [T]: block * 64 + offset of each row; a slot named twice keeps the later row.
 * @param poolK [B, G d, 64].
 * @param poolV [B, G 64, d].
 * @param angles rotate the keys on their way into the pool, to the bits of `rope`; k itself stays as it is. `q`, the rows'
 *   queries [T, H, d], is rotated in place: it, and every view of its memory, is dead afterwards.
 * @returns rope(q, table, positions), to the bit, where there is a q
 */
export function kvWrite(
  k: Tensor,
  v: Tensor,
  slots: Tensor,
  poolK: Tensor,
  poolV: Tensor,
  angles?: Angles & { q?: Tensor },
): Tensor | undefined {
  const { q, table, positions } = angles ?? {};
  for (const x of [k, v, q]) assertUntracked(x, 'kvWrite');
  enqueue('kv_write', [k, v, slots, poolK, poolV, table, positions, q]);
  return q?.donate('kvWrite');
}
