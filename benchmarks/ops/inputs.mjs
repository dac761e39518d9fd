// Inputs of the op benches, made on a device and disposed together.
import { Random } from '../../packages/base/dist/index.js';
import { Tensor, Weight } from '../../packages/engine/dist/index.js';

export class Inputs {
  #made = [];
  #random = new Random(7);
  // One block of normal values, read from a random place each time: as random, and quick to fill large tensors with.
  #normals = Float32Array.from({ length: 1 << 20 }, () => this.#random.normal());

  constructor(device) {
    this.device = device;
  }

  /** Has `made` disposed with the rest. */
  own(made) {
    this.#made.push(made);
    return made;
  }

  tensor(shape, dtype, scale = 1) {
    return this.own(this.#normalTensor(shape, dtype, scale));
  }

  /** A packed weight; `trained`: with a gradient that backward adds to. */
  weight(shape, dtype, { trained = false } = {}) {
    const rows = this.#normalTensor(shape, dtype, 1 / Math.sqrt(shape[1]));
    const weight = this.own(Weight.pack(rows, dtype));
    rows.dispose();
    if (trained) weight.grad = this.own(Tensor.zeros(this.device, shape));
    return weight;
  }

  ints(values, shape = [values.length]) {
    return this.own(Tensor.from(this.device, Int32Array.from(values), shape));
  }

  /** int32 [count], each 0 to limit - 1. */
  indices(count, limit) {
    return this.ints(Array.from({ length: count }, () => this.#random.below(limit)));
  }

  /** A rotary table [rows, dim] of unit rotations: any table costs the same, and applying it over and over keeps sizes. */
  angles(rows, dim) {
    const turns = Float32Array.from({ length: rows * dim }, (_, i) => (i % dim < dim / 2 ? 0.6 : 0.8));
    return this.own(Tensor.from(this.device, turns, [rows, dim]));
  }

  dispose() {
    for (const made of this.#made.splice(0)) made.dispose();
  }

  #normalTensor(shape, dtype, scale) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const half = this.#normals.length / 2;
    for (let i = 0; i < values.length;) {
      const from = this.#random.below(half);
      const piece = this.#normals.subarray(from, from + Math.min(half, values.length - i));
      values.set(piece, i);
      i += piece.length;
    }
    if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] *= scale;
    return Tensor.from(this.device, values, shape, dtype);
  }
}
