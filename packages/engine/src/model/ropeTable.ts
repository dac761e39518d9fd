import { ArgumentError } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { owned } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';

/** Rows of the first table: enough for short prompts, cheap to make. */
const FIRST_ROWS = 1024;

/** What a table is made of. */
export interface RopeRows {
  /** Values a row: cosines, then as many sines. */
  width: number;
  /** Rows there are: the model's context. */
  limit: number;
  /** Rows `from` to `to`, float32. */
  make(from: number, to: number): Float32Array;
}

/** A rotary table on its device, [P, width] float32. It grows by doubling when a path is longer. */
export class RopeTable {
  readonly #device: Device;
  readonly #rows: RopeRows;
  #host = new Float32Array(0);
  #tensor: Tensor | undefined;

  constructor(device: Device, rows: RopeRows) {
    this.#device = device;
    this.#rows = rows;
  }

  /**
   * A table of at least `length` rows. It belongs to this object and may be replaced by the next call with a greater
   * length; commands already enqueued keep theirs.
   */
  rows(length: number): Tensor {
    const { width, limit, make } = this.#rows;
    if (length > limit) {
      throw new ArgumentError('length', {
        where: 'rope',
        expected: `paths of at most ${limit} tokens, the model's context`,
        received: length,
      });
    }
    const have = this.#tensor?.shape[0] ?? 0;
    if (this.#tensor !== undefined && length <= have) return this.#tensor;
    const need = Math.min(Math.max(FIRST_ROWS, 2 ** Math.ceil(Math.log2(length))), limit);
    const host = new Float32Array(need * width);
    host.set(this.#host);
    host.set(make(have, need), this.#host.length);
    const tensor = owned(() => Tensor.from(this.#device, host, [need, width]));
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
