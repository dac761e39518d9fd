import { ConfigError } from '@selfjudge/base';

import type { Place } from '../chosenRows.js';
import { textsOf, type Said } from '../said.js';
import { wordHashes, wordsOf } from './words.js';

/** As many entries as a Map can have. */
const MOST_GRAMS = 2 ** 24 - 1;
const SEEN = 2 ** 18 - 1;
const [P, Q] = [0x01000193, 0x5bd1e995];

/** A row of a named set that another row shares words with. */
export interface Leak {
  of: Place;
  /** The words that both have. */
  words: string;
}

/**
 * Rows that nothing may be trained on: another row leaks one when one of its texts (a turn of its prompt, an answer) has `n` words in
 * a row in common with one of theirs, or when its whole prompt has fewer words and is the same as one of theirs. Decontamination as
 * in Brown et al. 2020 (arXiv 2005.14165), appendix C.
 */
export class NamedSets {
  /** By the hash of n words, where they first stand: which text, times 2^24, plus at which word. */
  readonly #grams = new Map<number, number>();
  /** A bit for each 21 bits of a hash that is among them: most words of most rows need no look at the map. */
  readonly #seen = new Uint8Array(2 ** 18);
  readonly #texts: { of: Place; words: string[] }[] = [];
  readonly #short = new Map<string, Place>();

  /** @param n words, at least 2 */
  constructor(private readonly n: number) {}

  /** @throws ConfigError where there are more n-grams than can be kept */
  add(said: Said, of: Place): void {
    const { prompt, answers } = textsOf(said);
    const short = this.#shortPrompt(prompt, prompt.map(wordHashes));
    if (short !== undefined && !this.#short.has(short)) this.#short.set(short, of);
    for (const text of [...prompt, ...answers]) this.#keep(wordsOf(text), wordHashes(text), of);
  }

  /** The first leak of a row; undefined for none. */
  find(said: Said): Leak | undefined {
    const { prompt, answers } = textsOf(said);
    const hashes = prompt.map(wordHashes);
    const short = this.#shortPrompt(prompt, hashes);
    const of = short === undefined ? undefined : this.#short.get(short);
    if (of !== undefined) return { of, words: short! };
    for (const [i, text] of [...prompt, ...answers].entries()) {
      const leak = this.#leakIn(text, hashes[i] ?? wordHashes(text));
      if (leak !== undefined) return leak;
    }
    return undefined;
  }

  /** The words of a prompt that has less than n of them in all its turns. */
  #shortPrompt(turns: readonly string[], hashes: readonly Uint32Array[]): string | undefined {
    const count = hashes.reduce((sum, { length }) => sum + length, 0);
    return count > 0 && count < this.n ? turns.flatMap(wordsOf).join(' ') : undefined;
  }

  #keep(words: string[], hashes: Uint32Array, of: Place): void {
    if (words.length < this.n) return;
    const text = this.#texts.push({ of, words }) - 1;
    this.#visit(hashes, (hash, at) => {
      this.#seen[(hash >>> 3) & SEEN] |= 1 << (hash & 7);
      if (!this.#grams.has(hash)) this.#grams.set(hash, text * 2 ** 24 + Math.min(at, 2 ** 24 - 1));
      return false;
    });
    if (this.#grams.size >= MOST_GRAMS - 2 ** 20)
      throw new ConfigError({
        key: 'against',
        expected: `sets of at most ${MOST_GRAMS - 2 ** 20} different ${this.n}-grams together`,
        received: `more, up to ${of.file}:${of.line}`,
      });
  }

  #leakIn(text: string, hashes: Uint32Array): Leak | undefined {
    let leak: Leak | undefined;
    let words: string[] | undefined;
    this.#visit(hashes, (hash, at) => {
      if ((this.#seen[(hash >>> 3) & SEEN] & (1 << (hash & 7))) === 0) return false;
      const known = this.#grams.get(hash);
      if (known === undefined) return false;
      words ??= wordsOf(text);
      const other = this.#texts[Math.floor(known / 2 ** 24)];
      const from = known % 2 ** 24;
      for (let i = 0; i < this.n; i++) if (other.words[from + i] !== words[at + i]) return false;
      leak = { of: other.of, words: words.slice(at, at + this.n).join(' ') };
      return true;
    });
    return leak;
  }

  /** 53 bits of each n words in a row, from two polynomials that roll over them. @param visit ends the visit by true */
  #visit(hashes: Uint32Array, visit: (hash: number, at: number) => boolean): void {
    const { n } = this;
    if (hashes.length < n) return;
    let [p, q] = [0, 0];
    let [pOut, qOut] = [1, 1];
    for (let i = 1; i < n; i++) [pOut, qOut] = [Math.imul(pOut, P), Math.imul(qOut, Q)];
    for (let end = 0; end < hashes.length; end++) {
      if (end >= n) {
        p = (p - Math.imul(hashes[end - n], pOut)) | 0;
        q = (q - Math.imul(~hashes[end - n], qOut)) | 0;
      }
      p = (Math.imul(p, P) + hashes[end]) | 0;
      q = (Math.imul(q, Q) + ~hashes[end]) | 0;
      if (end < n - 1) continue;
      if (visit((p >>> 0) * 2 ** 21 + (q >>> 11), end - n + 1)) return;
    }
  }
}
