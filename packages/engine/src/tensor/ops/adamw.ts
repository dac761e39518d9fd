import { check, object } from '@selfjudge/base/checks';
import { enqueue } from '../enqueue.js';
import type { Tensor } from '../tensor.js';

export interface AdamwState {
  /** All float32 [N]; param, m and v are updated in place. */
  grad: Tensor;
  param: Tensor;
  m: Tensor;
  v: Tensor;
}

export interface AdamwOptions {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** Decoupled: param shrinks by lr * weightDecay. */
  weightDecay: number;
  /** Number of this update, from 1. */
  step: number;
  /** The gradient is multiplied by it: clipping, accumulation. Default 1. */
  gradScale?: number;
}

// What is in them is the op's to check.
const bags = { state: object({}), options: object({}) };

/** One update of AdamW (Loshchilov and Hutter, arXiv 1711.05101) in PyTorch's order of operations. In place. */
export function adamw(state: AdamwState, options: AdamwOptions): void {
  check('adamw', { state, options }, bags);
  const { grad, param, m, v } = state;
  const { lr, beta1, beta2, eps, weightDecay, step, gradScale = 1 } = options;
  enqueue('adamw', [grad, param, m, v], [lr, beta1, beta2, eps, weightDecay, step, gradScale]);
}
