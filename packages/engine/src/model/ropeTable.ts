import { ArgumentError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { owned } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { ropeRows, type RopeShape } from './rope.js';

/** Rows of the first table: enough for short prompts, cheap to make. */
const FIRST_ROWS = 1024;

/** The rotary table of a model on its device, [P, headDim] float32. It grows by doubling when a path is longer. */
export class RopeTable {
  readonly #device: Device;
  readonly #shape: RopeShape;
  readonly #limit: number;
  #host = new Float32Array(0);
  #tensor: Tensor | undefined;

  constructor(device: Device, shape: RopeShape & { maxPositions: number }) {
    this.#device = device;
    this.#shape = shape;
    this.#limit = shape.maxPositions;
  }

  /**
   * A table of at least `length` rows. It belongs to this object and may be replaced by the next call with a greater
   * length; commands already enqueued keep theirs.
   */
  rows(length: number): Tensor {
    if (length > this.#limit) {
      throw new ArgumentError('length', {
        where: 'rope',
        expected: `paths of at most ${this.#limit} tokens, the model's context`,
        received: length,
      });
    }
    const have = this.#tensor?.shape[0] ?? 0;
    if (this.#tensor !== undefined && length <= have) return this.#tensor;
    const need = Math.min(Math.max(FIRST_ROWS, 2 ** Math.ceil(Math.log2(length))), this.#limit);
    const host = new Float32Array(need * this.#shape.headDim);
    host.set(this.#host);
    host.set(ropeRows(this.#shape, have, need), this.#host.length);
    const tensor = owned(() => Tensor.from(this.#device, host, [need, this.#shape.headDim]));
    this.#tensor?.dispose();
    this.#host = host;
    this.#tensor = tensor;
    return tensor;
  }

  dispose(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
    this.#host = new Float32Array(0);
  }
}
