import { embedding } from '../tensor/ops/embedding.js';
import { gatherRows } from '../tensor/ops/gatherRows.js';
import { reshape } from '../tensor/ops/reshape.js';
import { rmsNorm } from '../tensor/ops/rmsNorm.js';
import { rope } from '../tensor/ops/rope.js';
import { swiglu } from '../tensor/ops/swiglu.js';
import { tidy } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LinearName } from './config.js';
import type { ModelView } from './view.js';

/** Keys of the adapters' dropout: the same seed, step and path drop the same elements. */
export interface DropoutKey {
  seed: number;
  step: number;
}

export interface Rows {
  /** int32 [T]. */
  tokens: Tensor;
  /** int32 [T]: depth of each row in its own path. */
  positions: Tensor;
  /** One more than the greatest position. */
  length: number;
  /** int32 [T, 2]: hash of each row's path. Needed with dropout only. */
  rowKeys?: Tensor;
  dropout?: DropoutKey;
  /**
   * Attention of one layer: q [T, H, d] and k, v [T, G, d], q and k already rotated, to [T, H, d]. This is where trees
   * and pools differ: over this call's rows (treeAttention), or writing to and reading from a pool.
   */
  attend: (layer: number, q: Tensor, k: Tensor, v: Tensor) => Tensor;
  /** The rows wanted, ascending: int32 [R], with their keys [R, 2]. Default: all. */
  keep?: { rows: Tensor; rowKeys?: Tensor };
}

/**
 * The model on rows: embedding, blocks, final norm.
 *
 * @returns [R, hiddenSize] (or [T, ...] without `keep`) in the model's dtype, ready for the head. A row's bits depend
 * on its own path only. Rows that are not kept leave after the last attention.
 */
export function forwardRows(view: ModelView, rows: Rows): Tensor {
  const { layers, norm, config, table, rope: angles } = view.model;
  const eps = config.rmsNormEps;
  return tidy(() => {
    const turn = angles.rows(rows.length);
    // The residual stream is `stream + delta`: the addition happens inside the next norm.
    let delta = embedding(table, rows.tokens);
    let stream: Tensor | undefined;
    for (let layer = 0; layer < layers.length; layer++) {
      const keep = layer === layers.length - 1 ? rows.keep : undefined;
      const rowKeys = keep === undefined ? rows.rowKeys : keep.rowKeys;
      const linear = (name: LinearName, x: Tensor, keys = rowKeys) =>
        view.linear(layer, name, x, keys, rows.dropout);
      const [attended, residual] = tidy(() => {
        const { y, sum } = rmsNorm(delta, layers[layer].inputNorm, eps, stream);
        const heads = (name: LinearName, count: number) =>
          reshape(linear(name, y, rows.rowKeys), [y.shape[0], count, config.headDim]);
        const q = rope(heads('q_proj', config.heads), turn, rows.positions);
        const k = rope(heads('k_proj', config.kvHeads), turn, rows.positions);
        const v = heads('v_proj', config.kvHeads);
        const o = rows.attend(layer, q, k, v);
        const flat = reshape(o, [o.shape[0], config.heads * config.headDim]);
        if (keep === undefined) return [linear('o_proj', flat), sum];
        return [linear('o_proj', gatherRows(flat, keep.rows)), gatherRows(sum, keep.rows)];
      });
      const [next, after] = tidy(() => {
        const { y, sum } = rmsNorm(attended, layers[layer].postNorm, eps, residual);
        return [linear('down_proj', swiglu(linear('gate_proj', y), linear('up_proj', y))), sum];
      });
      for (const x of [delta, stream, attended, residual]) x?.dispose();
      delta = next;
      stream = after;
    }
    return rmsNorm(delta, norm, eps, stream).y;
  });
}
