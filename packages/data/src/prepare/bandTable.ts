const EMPTY = 0xffffffff;

/** Rows that are found by one hash at most, the first ones: a thousand rows that begin alike are not compared each with each. */
export const MOST_OF_A_HASH = 100;

/** Numbers of rows by 32 bits of a hash. From 16 to 32 bytes a row. */
export class BandTable {
  #hashes = new Uint32Array(1024);
  #rows = new Uint32Array(1024).fill(EMPTY);
  #count = 0;

  add(hash: number, row: number): void {
    if (this.visit(hash, () => {}) === MOST_OF_A_HASH) return;
    if (2 * (this.#count + 1) > this.#rows.length) this.#grow();
    this.#count++;
    this.#put(hash, row);
  }

  /** @returns how many rows there were */
  visit(hash: number, visit: (row: number) => void): number {
    const mask = this.#rows.length - 1;
    let count = 0;
    for (let at = hash & mask; this.#rows[at] !== EMPTY; at = (at + 1) & mask) {
      if (this.#hashes[at] !== hash) continue;
      visit(this.#rows[at]);
      count++;
    }
    return count;
  }

  #put(hash: number, row: number): void {
    const mask = this.#rows.length - 1;
    let at = hash & mask;
    while (this.#rows[at] !== EMPTY) at = (at + 1) & mask;
    this.#hashes[at] = hash;
    this.#rows[at] = row;
  }

  #grow(): void {
    const [hashes, rows] = [this.#hashes, this.#rows];
    this.#hashes = new Uint32Array(2 * hashes.length);
    this.#rows = new Uint32Array(2 * rows.length).fill(EMPTY);
    rows.forEach((row, i) => row !== EMPTY && this.#put(hashes[i], row));
  }
}
