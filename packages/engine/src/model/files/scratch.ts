/**
 * Host memory for one part of a file after another, so that reading a large one leaves nothing for the garbage collector:
 * what it gave is overwritten when it is asked again.
 */
export class Scratch {
  #bytes = new Uint8Array(0);
  #floats = new Float32Array(0);

  bytes(count: number): Uint8Array {
    if (this.#bytes.length < count) this.#bytes = new Uint8Array(count);
    return this.#bytes.subarray(0, count);
  }

  floats(count: number): Float32Array {
    if (this.#floats.length < count) this.#floats = new Float32Array(count);
    return this.#floats.subarray(0, count);
  }
}
