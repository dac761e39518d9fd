import { enqueue } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import type { Vector } from '../vector.js';

export interface RmsNormOptions {
  /** Of x's shape and dtype; added before the norm in the same pass. */
  residual?: Tensor;
  /** Added to the weight in float32, -1e30 to 1e30: 0, or 1 of weights that are stored as their distance from 1 (Gemma). */
  offset?: number;
}

/**
 * y = s rsqrt(mean(s^2) + eps) (offset + weight) over the last dimension, s = x + residual (Zhang and Sennrich,
 * arXiv 1910.07467). The backward recomputes the norm from s.
 * @param x float32 or bf16, [T, D], or [T, H, D] for a norm per head.
 * @param weight [D], float32 or bf16.
 * @param eps 0 to 1.
 * @returns y, and the sum s that goes on as the residual stream: x itself when there is no residual.
 */
export function rmsNorm(
  x: Tensor,
  weight: Vector,
  eps: number,
  { residual, offset = 0 }: RmsNormOptions = {},
): { y: Tensor; sum: Tensor } {
  const numbers = [eps, offset];
  const [y, added] = enqueue('rms_norm', [x, weight.value, residual], numbers) as [
    Tensor,
    Tensor | undefined,
  ];
  const sum = added ?? x;
  record({
    op: 'rmsNorm',
    inputs: [x, residual],
    parameters: [weight],
    outputs: added === undefined ? [y] : [y, added],
    save: () => ({ sum, weight: weight.value }),
    backward: ([dy, dsum], saved, [needX, needResidual]) => {
      // Only the sum went on: its gradient is that of both terms.
      if (dy === undefined) return [needX ? dsum : undefined, needResidual ? dsum : undefined];
      const inputs = [dy, saved.sum, saved.weight, dsum, weight.grad];
      const [dx] = enqueue('rms_norm_backward', inputs, numbers);
      return [needX ? dx : undefined, needResidual ? dx : undefined];
    },
  });
  return { y, sum };
}
