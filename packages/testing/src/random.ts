/** A small seeded generator (a Weyl sequence through a 32-bit finaliser) for tests: same name, same numbers. */
export class Random {
  #state: number;

  constructor(seed: number | string) {
    this.#state =
      typeof seed === 'number'
        ? seed
        : [...seed].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  normals(count: number, scale = 1): Float64Array {
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = scale * this.normal();
    return values;
  }
}
