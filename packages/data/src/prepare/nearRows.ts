import { textsOf, type Said } from '../said.js';
import { BandTable, MOST_OF_A_HASH } from './bandTable.js';
import { mixed, wordHash, wordHashes } from './words.js';

/** Words in a shingle. */
const WORDS = 5;
const FUNCTIONS = 64;
/** The least chance that two rows as similar as the threshold are compared. */
const RECALL = 0.99;
/** Rows of which the shingles stay in memory. */
const KNOWN = 10_000;

/** Hashes of the five-word shingles of a row, each once, ascending. A text of fewer words is one shingle. */
export interface Shingles {
  prompt: Uint32Array;
  answers: Uint32Array;
}

export function shinglesOf(said: Said): Shingles {
  const { prompt, answers } = textsOf(said);
  // The same answers by another principle are another row.
  const principles = Object.keys(said.labels ?? {}).sort();
  return { prompt: shinglesIn(prompt, 1), answers: shinglesIn(answers, wordHash(principles.join())) };
}

/** @param part keeps what is asked apart from what is answered */
function shinglesIn(texts: readonly string[], part: number): Uint32Array {
  const words = texts.map(wordHashes);
  const counts = words.map(({ length }) => (length === 0 ? 0 : Math.max(1, length - WORDS + 1)));
  const all = new Uint32Array(counts.reduce((sum, count) => sum + count, 0));
  let end = 0;
  words.forEach((hashes, i) => {
    for (let at = 0; at < counts[i]; at++) {
      let hash = part;
      for (const word of hashes.subarray(at, at + WORDS)) hash = mixed(Math.imul(hash, 31) + word);
      all[end++] = hash;
    }
  });
  all.sort();
  return all.filter((hash, i) => i === 0 || hash !== all[i - 1]);
}

/** How much two rows have in common, from 0 to 1: the lesser of the Jaccard indices of their prompts and of their answers. */
export const similarity = (a: Shingles, b: Shingles): number =>
  Math.min(jaccard(a.prompt, b.prompt), jaccard(a.answers, b.answers));

/** Of two sets, what both have as a share of what either has; 1 where both are empty. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0;
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) both++;
    const isBehind = a[i] <= b[j];
    if (a[i] >= b[j]) j++;
    if (isBehind) i++;
  }
  const either = a.length + b.length - both;
  return either === 0 ? 1 : both / either;
}

/**
 * Rows that were kept, asked for one that is as similar as a threshold to another row. MinHash (Broder 1997, "On the resemblance
 * and containment of documents") with bands (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4) finds rows to compare
 * with; the comparison is exact. Two rows whose prompts and answers are each as similar as the threshold are so as a whole.
 */
export class NearRows {
  readonly #tables: BandTable[];
  readonly #known = new Map<number, Shingles>();
  /** The row that was asked about last: it is added if none was found. */
  #asked: { shingles: Shingles; bands: Uint32Array } | undefined;
  /** Functions in a band. */
  readonly #rows: number;
  /** Rows that were compared with 100 others, and would have had more. */
  cutShort = 0;

  /**
   * @param threshold from 0.5 to 1
   * @param kept the shingles of a kept row, by its number
   */
  constructor(
    private readonly threshold: number,
    private readonly kept: (row: number) => Shingles,
  ) {
    this.#rows = rowsInBand(threshold);
    this.#tables = Array.from({ length: Math.floor(FUNCTIONS / this.#rows) }, () => new BandTable());
  }

  /** The first kept row that is similar enough to another one; undefined for none. */
  find(shingles: Shingles): { row: number; similarity: number } | undefined {
    const bands = this.#bandsOf(shingles);
    this.#asked = { shingles, bands };
    const candidates = new Set<number>();
    const visited = this.#tables.map((table, i) => table.visit(bands[i], (row) => candidates.add(row)));
    const ordered = Uint32Array.from(candidates).sort();
    for (const row of ordered.subarray(0, MOST_OF_A_HASH)) {
      const found = similarity(shingles, this.#keptRow(row));
      if (found >= this.threshold) return { row, similarity: found };
    }
    if (ordered.length > MOST_OF_A_HASH || visited.includes(MOST_OF_A_HASH)) this.cutShort++;
    return undefined;
  }

  add(shingles: Shingles, row: number): void {
    const bands = this.#asked?.shingles === shingles ? this.#asked.bands : this.#bandsOf(shingles);
    this.#tables.forEach((table, i) => table.add(bands[i], row));
  }

  /** Rows that are compared once are often compared again: those that many others begin like. */
  #keptRow(row: number): Shingles {
    const known = this.#known.get(row) ?? this.kept(row);
    if (this.#known.size >= KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(row, known);
    return known;
  }

  /** A hash of each band of a row. */
  #bandsOf({ prompt, answers }: Shingles): Uint32Array {
    const shingles = new Uint32Array(prompt.length + answers.length);
    shingles.set(prompt);
    shingles.set(answers, prompt.length);
    return Uint32Array.from(this.#tables, (_, band) => {
      let hash = band;
      for (let i = 0; i < this.#rows; i++)
        hash = mixed(Math.imul(hash, 31) + leastOf(shingles, band * this.#rows + i));
      return hash;
    });
  }
}

/** The least value of one of the functions over all shingles. */
function leastOf(shingles: Uint32Array, index: number): number {
  const [seed, factor] = [SEEDS[index], FACTORS[index]];
  let least = 0xffffffff;
  for (let i = 0; i < shingles.length; i++) {
    const product = Math.imul(shingles[i] ^ seed, factor);
    const value = (product ^ (product >>> 15)) >>> 0;
    if (value < least) least = value;
  }
  return least;
}

const SEEDS = Uint32Array.from({ length: FUNCTIONS }, (_, i) => mixed(2 * i + 1));
const FACTORS = Uint32Array.from({ length: FUNCTIONS }, (_, i) => mixed(2 * i + 2) | 1);

/** As many functions to a band as the recall at the threshold allows: the more, the fewer rows are compared for nothing. */
function rowsInBand(threshold: number): number {
  for (let rows = FUNCTIONS; rows > 1; rows--) {
    const missed = (1 - threshold ** rows) ** Math.floor(FUNCTIONS / rows);
    if (1 - missed >= RECALL) return rows;
  }
  return 1;
}
