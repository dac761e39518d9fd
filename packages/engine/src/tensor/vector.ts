import { check, having, instance, number, optional, whole } from '@selfjudge/base/checks';
import { Tensor } from './tensor.js';

const parts = { value: instance(Tensor), grad: optional(instance(Tensor)) };

/** A parameter that ops read as rows: float32 or bf16 [D], such as a norm's weight or a bias. */
export class Vector {
  readonly value: Tensor;
  /** float32 [D], present when trained. Not owned. */
  grad?: Tensor;

  constructor(value: Tensor, grad?: Tensor) {
    check('Vector', { value, grad }, parts);
    this.value = value;
    if (grad !== undefined) this.grad = grad;
  }

  dispose(): void {
    this.value.dispose();
  }
}

/** One matrix of an adapter: float32, A [r, K] or B [N, r]. With a `grad` of the same shape it is trained. */
export interface Vector2 {
  value: Tensor;
  grad?: Tensor;
}

/** A low-rank adapter of one linear layer (LoRA, arXiv 2106.09685) on a range of rows. */
export interface LinearAdapter {
  /** float32 [r, K]. */
  a: Vector2;
  /** float32 [N, r]. */
  b: Vector2;
  /** alpha / r. */
  scale: number;
  /** First row it applies to. */
  start: number;
  /** Number of rows. */
  rows: number;
  /** Probability of dropping an element of the adapter's input, 0 to 0.999999. Needs `rowKeys` when above 0. */
  dropout: number;
  /** Number of the layer, so that layers drop different elements. */
  module: number;
}

/** A Vector, or an object that has its parts. */
export const isVector = having('a Vector', parts);

/** Shapes and ranges are the op's to check, by its contract. */
export const isLinearAdapter = having('an adapter', {
  a: isVector,
  b: isVector,
  scale: number(),
  start: whole(),
  rows: whole(),
  dropout: number(),
  module: whole(),
});
