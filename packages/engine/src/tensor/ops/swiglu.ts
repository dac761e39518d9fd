import { enqueue, enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

export const ACTIVATIONS = ['silu', 'gelu_tanh'] as const;

/**
 * Of a gate: silu(g) = g sigmoid(g); gelu_tanh(g) = 0.5 g (1 + tanh(sqrt(2/pi) (g + 0.044715 g^3))), PyTorch's gelu with
 * approximate='tanh'.
 */
export type Activation = (typeof ACTIVATIONS)[number];

/**
 * activation(gate) up (Shazeer, arXiv 2002.05202), of one shape and dtype: in float32, rounded once. Recomputed in the
 * backward.
 * @param gate float32 or bf16.
 * @param up Of gate's shape and dtype.
 */
export function swiglu(gate: Tensor, up: Tensor, activation: Activation = 'silu'): Tensor {
  const y = enqueueOne('swiglu', [gate, up], [activation]);
  record({
    op: 'swiglu',
    inputs: [gate, up],
    outputs: [y],
    save: () => ({ gate, up }),
    backward: ([dy], saved) =>
      dy === undefined ? [] : enqueue('swiglu_backward', [dy, saved.gate, saved.up], [activation]),
  });
  return y;
}
