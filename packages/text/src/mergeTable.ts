/** A merge's rank and what it makes, by the ids of its two parts: a hash table in typed arrays, as there may be half a million. */
export class MergeTable {
  readonly #mask: number;
  /** Four numbers a slot: left, right, rank, id made. A free slot has a left of -1. */
  readonly #slots: Int32Array;

  /** @param most how many merges there will be */
  constructor(most: number) {
    let size = 16;
    while (size < most * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size * 4).fill(-1);
  }

  /** Of two merges of the same pair the later counts. */
  add(left: number, right: number, rank: number, made: number): void {
    const slot = this.#slotOf(left, right);
    const slots = this.#slots;
    slots[slot] = left;
    slots[slot + 1] = right;
    slots[slot + 2] = rank;
    slots[slot + 3] = made;
  }

  /** Where the pair's merge is; -1 where there is none. */
  find(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    return this.#slots[slot] < 0 ? -1 : slot;
  }

  rank(slot: number): number {
    return this.#slots[slot + 2];
  }

  made(slot: number): number {
    return this.#slots[slot + 3];
  }

  /** The slot of the pair, or the free one where it would be. */
  #slotOf(left: number, right: number): number {
    const slots = this.#slots;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const slot = i * 4;
      if (slots[slot] < 0 || (slots[slot] === left && slots[slot + 1] === right)) return slot;
    }
  }
}
