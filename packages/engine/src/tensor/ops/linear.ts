import { ArgumentError } from '@selfjudge/base';
import { enqueue } from '../enqueue.js';
import { currentRecorder, record } from '../recording.js';
import { tidy } from '../scope.js';
import { Tensor } from '../tensor.js';
import type { LinearAdapter, Vector } from '../vector.js';
import { packedOf, type Weight } from '../weight.js';
import { swiglu, type Activation } from './swiglu.js';

export interface LinearOptions {
  /** [N], x's dtype. */
  bias?: Vector;
  /** At most two, each on its own range of rows; ranges may overlap, an empty one is left out. */
  adapters?: readonly LinearAdapter[];
  /** int32 [T, 2], the hash of each row's path; needed when an adapter has dropout. */
  rowKeys?: Tensor;
  /** [T, N], x's dtype: the result is swiglu(gate, y, activation), to the bit, and y itself is never stored unless a tape runs. */
  gate?: Tensor;
  /** Of the gate, and given with one only. Default silu. */
  activation?: Activation;
  /** Keys of the dropout, 0 to 2^32 - 1. */
  seed?: number;
  step?: number;
}

/**
 * y = x W^T + bias + sum over adapters of scale (drop(x) A^T) B^T on their rows (LoRA, arXiv 2106.09685).
 * @param x float32 or bf16 [T, K].
 * @param weight [N, K] of x's dtype.
 * @returns [T, N] of x's dtype, with a gate activation(gate) times that. A row's bits depend on that row alone.
 */
export function linear(x: Tensor, weight: Weight, options: LinearOptions = {}): Tensor {
  const packed = packedOf(weight, 'linear', 'weight');
  const { bias, rowKeys, seed = 0, step = 0, gate, activation = 'silu' } = options;
  // The backward of swiglu reads both of its inputs.
  if (gate !== undefined && currentRecorder() !== undefined)
    return tidy(() =>
      swiglu(gate, linear(x, weight, { ...options, gate: undefined, activation: undefined }), activation),
    );
  const adapters = (options.adapters ?? []).filter(({ rows }) => rows > 0);
  if (adapters.length > 2) {
    throw new ArgumentError('adapters', {
      where: 'linear',
      expected: 'at most 2',
      received: adapters.length,
    });
  }
  const [first, second] = adapters;
  const numbers = [...adapterNumbers(first), ...adapterNumbers(second), seed, step];
  const [y, xa0, xa1] = enqueue(
    'linear',
    [x, packed, bias?.value, rowKeys, first?.a.value, first?.b.value, second?.a.value, second?.b.value, gate],
    [...numbers, activation],
  ) as [Tensor, Tensor | undefined, Tensor | undefined];
  record({
    op: 'linear',
    inputs: [x],
    parameters: [weight, bias, first?.a, first?.b, second?.a, second?.b],
    outputs: [y],
    save: () => ({
      // x is read for the gradients of W and A only; a frozen layer does not keep it alive.
      x: weight.grad || first?.a.grad || second?.a.grad ? x : undefined,
      weight: packed,
      rowKeys,
      a0: first?.a.value,
      b0: first?.b.value,
      xa0,
      a1: second?.a.value,
      b1: second?.b.value,
      xa1,
    }),
    backward: ([dy], saved, [needDx]) => {
      if (dy === undefined) return [undefined];
      const [dx] = enqueue(
        'linear_backward',
        [
          dy,
          saved.x,
          saved.weight,
          saved.rowKeys,
          saved.a0,
          saved.b0,
          saved.xa0,
          saved.a1,
          saved.b1,
          saved.xa1,
          weight.grad,
          bias?.grad,
          first?.a.grad,
          first?.b.grad,
          second?.a.grad,
          second?.b.grad,
        ],
        [...numbers, needDx ? 'yes' : 'no'],
      );
      return [dx];
    },
  });
  xa0?.dispose();
  xa1?.dispose();
  return y;
}

function adapterNumbers(adapter: LinearAdapter | undefined): number[] {
  if (adapter === undefined) return [0, 0, 0, 0, 0];
  return [adapter.scale, adapter.start, adapter.rows, adapter.dropout, adapter.module];
}
