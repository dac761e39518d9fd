import { anything, check, list, whole } from './checks.js';

const isCount = whole(1);
const isItems = list(anything);
const isChoices = list(anything, 1);
const seeds = { seed: whole(), stream: whole(0, 2 ** 32 - 1) };

/**
 * A seeded generator for everything on the host that needs chance: data order, shuffles, initial weights.
 *
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018) seeded through
 * splitmix32. The same seed and stream give the same numbers on every machine.
 */
export class Random {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  /** @param seed any integer; @param stream separates uses of one seed (0 .. 2^32 - 1). */
  constructor(seed: number, stream = 0) {
    check('Random', { seed, stream }, seeds);
    let x =
      (seed ^ Math.imul(Math.floor(seed / 2 ** 32) + 1, 0x9e3779b9) ^ Math.imul(stream + 1, 0x85ebca6b)) >>>
      0;
    const next = () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.s0 = next();
    this.s1 = next();
    this.s2 = next();
    this.s3 = next() | 1;
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const x = Math.imul(this.s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= t;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** A whole number in [0, n), n in 1 .. 2^53 - 1. */
  below(n: number): number {
    // Asked first, for this is called for every number drawn.
    if (!Number.isSafeInteger(n) || n < 1) isCount(n, 'n', 'Random.below');
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One element, each equally likely. */
  choice<T>(items: readonly T[]): T {
    isChoices(items, 'items', 'Random.choice');
    return items[this.below(items.length)];
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    isItems(items, 'items', 'Random.shuffled');
    const out = items.slice();
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  /** `count` different elements in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    check('Random.sample', { items, count }, { items: isItems, count: whole(0) });
    return this.shuffled(items).slice(0, count);
  }
}
