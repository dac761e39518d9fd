import { roundToBf16 } from '../tensor/dtype.js';
import { embedding } from '../tensor/ops/embedding.js';
import { gatherRows } from '../tensor/ops/rows.js';
import { reshape } from '../tensor/ops/reshape.js';
import type { Activation } from '../tensor/ops/swiglu.js';
import { rmsNorm } from '../tensor/ops/rmsNorm.js';
import { add } from '../tensor/ops/add.js';
import { scale } from '../tensor/ops/scale.js';
import type { Angles } from '../tensor/ops/kvWrite.js';
import { recomputed } from '../tensor/recomputed.js';
import { tidy } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Vector } from '../tensor/vector.js';
import type { LinearName } from './config.js';
import type { ModelWeights } from './weights.js';

/** Keys of the adapters' dropout: the same seed, step and path drop the same elements. */
export interface DropoutKey {
  seed: number;
  step: number;
}

/** Of one linear layer. */
export interface LayerOptions {
  /** int32 [T, 2], the hash of each row's path; needed with dropout. */
  rowKeys?: Tensor;
  dropout?: DropoutKey;
  /** [T, out]: the result is swiglu(gate, y, activation). */
  gate?: Tensor;
  /** Of the gate, and given with one only. Default silu. */
  activation?: Activation;
}

/** What a pass computes with: weights, and their linear layers with biases and adapters. A `ModelView` is one. */
export interface AdaptedLinears {
  readonly model: ModelWeights;
  /** One linear layer of a block: x [T, in] to [T, out]. */
  linear(layer: number, name: LinearName, x: Tensor, options?: LayerOptions): Tensor;
  /** `linear` of two or three layers that read the same x: at once where no tape runs and nothing is dropped. */
  linearGroup(
    layer: number,
    names: readonly LinearName[],
    x: Tensor,
    options?: Omit<LayerOptions, 'gate' | 'activation'>,
  ): Tensor[];
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
   * Attention of one layer: q [T, H, d] and k, v [T, G, d], q and k to be rotated by `angles`, to [T, H, d]. This is
   * where trees and pools differ: over this call's rows (rope, treeAttention), or writing to and reading from a pool.
   */
  attend: (layer: number, q: Tensor, k: Tensor, v: Tensor, angles: Angles) => Tensor;
  /** Whether a tape keeps of each block but the last what it begins with, and backward computes the rest again. */
  recompute?: boolean;
  /** The rows wanted, ascending: int32 [R], with their keys [R, 2]. Default: all. */
  keep?: { rows: Tensor; rowKeys?: Tensor };
}

/**
 * The model on rows: embedding, blocks, final norm.
 *
 * @returns [R, hiddenSize] (or [T, ...] without `keep`) in the model's dtype, ready for the head. A row's bits depend
 * on its own path only. Rows that are not kept leave after the last attention.
 */
export function forwardRows(view: AdaptedLinears, rows: Rows): Tensor {
  const { layers, norm, config } = view.model;
  return tidy(() => {
    const { delta, stream } = blocks(view, rows, layers.length);
    const { y } = normed(view, delta, norm, stream);
    return config.logitScale === undefined ? y : scale(y, config.logitScale);
  });
}

/**
 * The model on rows for the sake of their keys and values: of the last block nothing else is computed.
 * @param store takes k, to be rotated, and v of the last layer; those of the others go to `rows.attend`
 */
export function forwardKeys(
  view: AdaptedLinears,
  rows: Omit<Rows, 'keep'>,
  store: (layer: number, k: Tensor, v: Tensor, angles: Angles) => void,
): void {
  const { layers } = view.model;
  const last = layers.length - 1;
  tidy(() => {
    const { delta, stream } = blocks(view, rows, last);
    const { y } = normed(view, delta, layers[last].norms.beforeAttention, stream);
    const [k, v] = heads(view, rows, last, ['k_proj', 'v_proj'], y);
    store(last, k, v, anglesOf(view, rows, last));
  });
}

/** Embedding and the first `count` blocks. The residual stream is `stream + delta`: the next norm adds them. */
function blocks(view: AdaptedLinears, rows: Rows, count: number): { delta: Tensor; stream?: Tensor } {
  let delta = embedded(view, rows.tokens);
  let stream: Tensor | undefined;
  for (let layer = 0; layer < count; layer++) {
    const through = (...[x, residual]: (Tensor | undefined)[]) => block(view, rows, layer, x!, residual);
    // The last would be computed again as soon as it is there.
    const isAgain = rows.recompute === true && layer < view.model.layers.length - 1;
    const [next, after] = isAgain ? recomputed([delta, stream], through) : through(delta, stream);
    delta.dispose();
    stream?.dispose();
    delta = next;
    stream = after;
  }
  return { delta, stream };
}

/** One block: what it adds to the residual stream, and the stream it adds that to. */
function block(
  view: AdaptedLinears,
  rows: Rows,
  layer: number,
  delta: Tensor,
  stream: Tensor | undefined,
): [Tensor, Tensor] {
  const { layers, config } = view.model;
  const { activation } = config;
  const { norms } = layers[layer];
  const keep = layer === layers.length - 1 ? rows.keep : undefined;
  const rowKeys = keep === undefined ? rows.rowKeys : keep.rowKeys;
  const { dropout } = rows;
  const linear = (name: LinearName, x: Tensor, gate?: Tensor) =>
    view.linear(layer, name, x, { rowKeys, dropout, gate, ...(gate && { activation }) });
  const [attended, residual] = tidy(() => {
    const { y, sum } = normed(view, delta, norms.beforeAttention, stream);
    const [q, k, v] = heads(view, rows, layer, ['q_proj', 'k_proj', 'v_proj'], y);
    const o = rows.attend(layer, q, k, v, anglesOf(view, rows, layer));
    const flat = reshape(o, [o.shape[0], config.heads * config.headDim]);
    const added = (x: Tensor) => branch(view, linear('o_proj', x), norms.afterAttention);
    if (keep === undefined) return [added(flat), sum];
    return [added(gatherRows(flat, keep.rows)), gatherRows(sum, keep.rows)];
  });
  const result = tidy((): [Tensor, Tensor] => {
    const { y, sum } = normed(view, attended, norms.beforeMlp, residual);
    const down = linear('down_proj', linear('up_proj', y, linear('gate_proj', y)));
    return [branch(view, down, norms.afterMlp), sum];
  });
  attended.dispose();
  if (residual !== delta) residual.dispose();
  return result;
}

function embedded({ model: { table, config, dtype } }: AdaptedLinears, tokens: Tensor): Tensor {
  const rows = embedding(table, tokens);
  const { embeddingScale: factor } = config;
  if (factor === undefined) return rows;
  return scale(rows, dtype === 'bf16' ? roundToBf16(factor) : Math.fround(factor));
}

/** x plus the stream it goes on, and the norm of that; without a norm there, the sum itself. */
function normed(
  { model: { config } }: AdaptedLinears,
  x: Tensor,
  norm: Vector | undefined,
  stream?: Tensor,
): { y: Tensor; sum: Tensor } {
  if (norm !== undefined)
    return rmsNorm(x, norm, config.rmsNormEps, { residual: stream, offset: config.normOffset });
  const sum = stream === undefined ? x : add(stream, x);
  return { y: sum, sum };
}

/** What a branch adds to the residual stream. */
function branch(view: AdaptedLinears, x: Tensor, norm: Vector | undefined): Tensor {
  const { residualScale: factor } = view.model.config;
  const { y } = normed(view, x, norm);
  return factor === undefined ? y : scale(y, factor);
}

/** Queries, keys or values of one layer: [T, heads, headDim] each. */
function heads(
  view: AdaptedLinears,
  { rowKeys, dropout }: Pick<Rows, 'rowKeys' | 'dropout'>,
  layer: number,
  names: readonly ('q_proj' | 'k_proj' | 'v_proj')[],
  x: Tensor,
): Tensor[] {
  const { config, layers } = view.model;
  const { heads, kvHeads, headDim, qkNorm } = config;
  const { queryNorm, keyNorm } = layers[layer];
  return view.linearGroup(layer, names, x, { rowKeys, dropout }).map((y, i) => {
    const name = names[i];
    const norm = name === 'q_proj' ? queryNorm : name === 'k_proj' ? keyNorm : undefined;
    const shape = [x.shape[0], name === 'q_proj' ? heads : kvHeads, headDim];
    if (qkNorm === 'all') return reshape(normed(view, y, norm).y, shape);
    return normed(view, reshape(y, shape), norm).y;
  });
}

function anglesOf(view: AdaptedLinears, { length, positions }: Rows, layer: number): Angles {
  return { table: view.model.rotary.rows(layer, length), positions };
}
