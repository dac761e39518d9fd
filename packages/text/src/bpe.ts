import { byteCharacters } from './byteCharacters.js';
import type { BpeJson } from './tokenizerFiles.js';
import { mergeAll } from './mergeAll.js';
import { MergeTable } from './mergeTable.js';

/** Words remembered, and characters of the longest: most words of a text were in it before. */
const MOST_WORDS = 50_000;
const LONGEST_WORD = 64;

/** A stretch of a text, in UTF-16 units; `to` is not part of it. */
export interface Stretch {
  from: number;
  to: number;
}

/** Byte-pair encoding (Sennrich et al., arXiv 1508.07909) of single words, as Python's tokenizers do it. */
export class Bpe {
  readonly #vocab: Map<string, number>;
  readonly #merges: MergeTable;
  readonly #unknown: number | undefined;
  readonly #fuseUnknown: boolean;
  /** Ids of <0x00> to <0xFF>; empty without byte fallback. */
  readonly #byteIds: (number | undefined)[];
  readonly #ignoreMerges: boolean;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #bytes: boolean;
  readonly #known = new Map<string, number[]>();
  /** Tokens by id, for those who ask where they stand. */
  #strings?: Map<number, string>;

  /**
   * @param bytes whether words are in the characters of their bytes
   * @param without strings of tokens that no text may become
   * @throws Error naming a merge whose parts or result are no tokens
   */
  constructor(model: BpeJson, bytes: boolean, without: ReadonlySet<string>) {
    const { vocab, merges, unk_token: unknown } = model;
    this.#vocab = new Map(Object.entries(vocab));
    for (const token of without) this.#vocab.delete(token);
    this.#prefix = (model.continuing_subword_prefix as string | null | undefined) ?? '';
    this.#suffix = (model.end_of_word_suffix as string | null | undefined) ?? '';
    // The unknown token stands for text that has no other token; its own string makes no token.
    this.#unknown = typeof unknown === 'string' && Object.hasOwn(vocab, unknown) ? vocab[unknown] : undefined;
    this.#fuseUnknown = model.fuse_unk === true;
    const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
    const fallback = model.byte_fallback === true;
    this.#byteIds = fallback
      ? Array.from({ length: 256 }, (_, byte) => this.#vocab.get(`<0x${hex(byte)}>`))
      : [];
    this.#ignoreMerges = model.ignore_merges === true;
    this.#bytes = bytes;
    this.#merges = this.#tableOf(merges, without);
  }

  /** Ids of a word. */
  encode(word: string): readonly number[] {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const ids = this.#merged(this.#bytes ? byteCharacters(word) : word);
    if (word.length > LONGEST_WORD) return ids;
    if (this.#known.size >= MOST_WORDS) this.#known.clear();
    this.#known.set(word, ids);
    return ids;
  }

  /**
   * Where each of a word's ids stands in it, as [from, to) in UTF-16 units; bytes that a character fell back to all stand
   * on the whole of it.
   * @param symbols the word, or the characters of its bytes where the vocabulary is of bytes
   * @param ids of that word
   * @returns undefined where the ids do not say it: of words with prefixes or suffixes
   */
  stretches(symbols: string, ids: readonly number[]): Stretch[] | undefined {
    if (this.#prefix !== '' || this.#suffix !== '') return undefined;
    this.#strings ??= new Map(Array.from(this.#vocab, ([token, id]) => [id, token]));
    if (ids.length === 1 && this.#strings.get(ids[0]) === symbols) return [{ from: 0, to: symbols.length }];
    const out: Stretch[] = [];
    for (let at = 0; at < symbols.length;) {
      const [character] = symbols.slice(at, at + 2);
      let to = at + character.length;
      const own = this.#vocab.has(character) ? this.#strings.get(ids[out.length]) : undefined;
      const bytes = this.#vocab.has(character) ? undefined : this.#bytesOf(character);
      if (own !== undefined && symbols.startsWith(own, at))
        out.push({ from: at, to: (to = at + own.length) });
      else if (bytes?.every((id, i) => ids[out.length + i] === id) === true)
        for (const _ of bytes) out.push({ from: at, to });
      else if (this.#unknown !== undefined && ids[out.length] === this.#unknown)
        out.push({ from: at, to: (to = this.#unknownEnd(symbols, to)) });
      else if (this.#unknown !== undefined || own !== undefined || bytes !== undefined) return undefined;
      // Else nothing stands for the character: it is lost.
      at = to;
    }
    return out.length === ids.length ? out : undefined;
  }

  /** Where a run of unknown characters ends that one token stands for. */
  #unknownEnd(symbols: string, from: number): number {
    let end = from;
    for (const character of this.#fuseUnknown ? symbols.slice(from) : '') {
      if (this.#vocab.has(character) || this.#bytesOf(character) !== undefined) break;
      end += character.length;
    }
    return end;
  }

  /** The ids of the bytes of what has no token of its own; undefined where one of them has none. */
  #bytesOf(symbol: string): number[] | undefined {
    if (this.#byteIds.length === 0 || symbol === '') return undefined;
    const ids = Array.from(Buffer.from(symbol), (byte) => this.#byteIds[byte]);
    return ids.every((id) => id !== undefined) ? ids : undefined;
  }

  #merged(word: string): number[] {
    if (this.#ignoreMerges) {
      const whole = this.#vocab.get(word);
      if (whole !== undefined) return [whole];
    }
    return mergeAll(this.#symbols(word), this.#merges);
  }

  /** The ids of a word's characters. */
  #symbols(word: string): number[] {
    const ids: number[] = [];
    let unknown = false;
    let at = 0;
    for (const character of word) {
      const last = at + character.length === word.length;
      const symbol = (at === 0 ? '' : this.#prefix) + character + (last ? this.#suffix : '');
      at += character.length;
      const id = this.#vocab.get(symbol);
      if (id !== undefined) {
        if (unknown) ids.push(this.#unknown!);
        unknown = false;
        ids.push(id);
        continue;
      }
      const bytes = this.#bytesOf(symbol);
      if (bytes !== undefined) ids.push(...bytes);
      else if (this.#unknown !== undefined) {
        if (unknown && !this.#fuseUnknown) ids.push(this.#unknown);
        unknown = true;
      }
    }
    if (unknown) ids.push(this.#unknown!);
    return ids;
  }

  #tableOf(merges: BpeJson['merges'], without: ReadonlySet<string>): MergeTable {
    const table = new MergeTable(merges.length);
    const vocab = this.#vocab;
    merges.forEach((merge, rank) => {
      const at = typeof merge === 'string' ? merge.indexOf(' ') : 0;
      const left = typeof merge === 'string' ? merge.slice(0, at) : merge[0];
      const right = typeof merge === 'string' ? merge.slice(at + 1) : merge[1];
      const made = left + (this.#prefix === '' ? right : right.slice(this.#prefix.length));
      const [leftId, rightId, id] = [vocab.get(left), vocab.get(right), vocab.get(made)];
      if (leftId !== undefined && rightId !== undefined && id !== undefined) {
        table.add(leftId, rightId, rank, id);
        return;
      }
      const missing = [left, right, made].filter((token) => !vocab.has(token));
      if (missing.some((token) => without.has(token))) return;
      throw new Error(`the merge ${JSON.stringify(merge)} of '${missing[0]}', which is no token`);
    });
    return table;
  }
}
