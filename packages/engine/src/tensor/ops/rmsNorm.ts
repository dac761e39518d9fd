import { enqueue } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { isVector, type Vector } from '../vector.js';

/**
 * y = s rsqrt(mean(s^2) + eps) weight over the last dimension, s = x + residual (Zhang and Sennrich,
 * arXiv 1910.07467). The backward recomputes the norm from s.
 * @param x float32 or bf16, [T, D], or [T, H, D] for a norm per head.
 * @param weight [D], float32 or bf16.
 * @param eps 0 to 1.
 * @param residual Of x's shape and dtype; added before the norm in the same pass.
 * @returns y, and the sum s that goes on as the residual stream: x itself when there is no residual.
 */
export function rmsNorm(
  x: Tensor,
  weight: Vector,
  eps: number,
  residual?: Tensor,
): { y: Tensor; sum: Tensor } {
  isVector(weight, 'weight', 'rmsNorm');
  const [y, added] = enqueue('rms_norm', [x, weight.value, residual], [eps]) as [Tensor, Tensor | undefined];
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
      const [dx] = enqueue('rms_norm_backward', inputs, [eps]);
      return [needX ? dx : undefined, needResidual ? dx : undefined];
    },
  });
  return { y, sum };
}
