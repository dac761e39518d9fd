import { ArgumentError } from '@selfjudge/base';
import { AddedTokens, spaceAtStart } from './addedTokens.js';
import type { Accepts } from './addedTokens.js';
import { alignedText, sliceAligned, type Aligned } from './aligned.js';
import { Bpe, type Stretch } from './bpe.js';
import { bytesAligned } from './byteCharacters.js';
import { refused } from './checkTokenizerJson.js';
import type { ControlToken, ControlTokens } from './controlTokens.js';
import { decoderOf } from './decoders.js';
import type { AddedTokenJson, TokenizerJson } from './tokenizerFiles.js';
import { normalizerOf } from './normalizers.js';
import type { Normalizer } from './normalizers.js';
import { preTokenizerOf } from './preTokenizers.js';
import type { Opening, PreTokenizer } from './preTokenizers.js';
import type { Piece } from './rendered.js';

/** A token and where it stands in a text, in UTF-16 units. */
export interface PlacedToken extends Stretch {
  id: number;
  /** Of an added token the text that it was found as, with white space that it swallowed. */
  found?: string;
}

/** Half a surrogate pair has no bytes; as in other tokenizers it is read as U+FFFD. */
const HALVES = /\p{Surrogate}/gu;

/**
 * Text to ids where no text can become a control token: they are in neither the vocabulary nor the merges used here.
 * Added tokens that are not special (runs of white space, tool tags) are ordinary text and keep their ids. The ids are
 * those of Python's tokenizers: added tokens that are not normalized are cut out first, what is left between them is
 * normalized, then the other added tokens are cut out, and the rest is taken apart into words and merged.
 */
export class PlainText {
  readonly #control: ControlTokens;
  readonly #added: AddedTokens;
  readonly #normalizer: Normalizer;
  readonly #normalizedAdded: AddedTokens;
  /** Control tokens that are looked for in normalized text, by id: as they are written, and as they look then. */
  readonly #normalizedControl = new Map<number, { content: string; normalized: string }>();
  readonly #preTokenizer: PreTokenizer;
  readonly #bpe: Bpe;
  readonly #decoder: (tokens: string[]) => string;

  /**
   * @param json passes checkTokenizerJson
   * @throws ArgumentError naming a pattern or merge that cannot be used
   */
  constructor(json: TokenizerJson, control: ControlTokens) {
    this.#control = control;
    const controls = new Set(control.contents);
    const added = [...json.added_tokens];
    const listed = new Set(added.map(({ content }) => content));
    for (const content of controls) {
      const { id, lstrip, rstrip } = control.ofContent(content)!;
      if (!listed.has(content)) added.push({ id, content, lstrip, rstrip, special: true });
    }
    try {
      this.#normalizer = normalizerOf(json.normalizer);
      this.#preTokenizer = preTokenizerOf(json.pre_tokenizer);
      this.#decoder = decoderOf(json.decoder, new Set(added.map((token) => token.content)));
    } catch (error) {
      throw refused('patterns', 'regular expressions that we read as Python does', (error as Error).message);
    }
    const raw: [string, AddedTokenJson][] = [];
    const normalized: [string, AddedTokenJson][] = [];
    for (const token of added) {
      const { content, id } = token;
      if (!(token.normalized ?? token.special !== true)) raw.push([content, token]);
      else {
        normalized.push([this.#normalizer.apply(content), token]);
        if (controls.has(content)) {
          this.#normalizedControl.set(id, { content, normalized: this.#normalizer.continuing(content) });
        }
      }
    }
    this.#added = new AddedTokens(raw);
    this.#normalizedAdded = new AddedTokens(normalized);
    try {
      this.#bpe = new Bpe(json.model, this.#preTokenizer.bytes, controls);
    } catch (error) {
      throw refused('model.merges', 'merges of tokens into tokens', (error as Error).message);
    }
  }

  /** @param opens what stands before `text` */
  encode(text: string, opens: Opening): number[] {
    return this.#encode(text, new Map(), opens);
  }

  /**
   * Ids of a text whose control tokens are known: a string of one that is not among them is text.
   * @param opens what stands before the first piece
   */
  encodePieces(pieces: readonly Piece[], opens: Opening): number[] {
    const { text, control } = gathered(pieces);
    return this.#encode(text, control, opens);
  }

  /**
   * The ids of `encodePieces`, each with where it stands in the pieces' text.
   * @throws ArgumentError where the ids of this tokenizer do not say it
   */
  encodeAligned(pieces: readonly Piece[], opens: Opening): PlacedToken[] {
    const { text: given, control } = gathered(pieces);
    const out: PlacedToken[] = [];
    const whole = alignedText(given.replace(HALVES, '\ufffd'));
    for (const { from, to, id } of this.#added.cut(whole.text, this.#accepts(control))) {
      if (id !== undefined) out.push({ id, from, to, found: whole.text.slice(from, to) });
      else
        this.#alignStretch(out, sliceAligned(whole, from, to), from === 0 ? opens : 'after', control, from);
    }
    return out;
  }

  #alignStretch(
    out: PlacedToken[],
    stretch: Aligned,
    opens: Opening,
    control: ReadonlyMap<number, number>,
    at: number,
  ): void {
    const normal = this.#normalizer.aligned(stretch, opens === 'continues');
    const { from: starts, to: ends } = normal;
    const accepts = this.#acceptsIn(stretch.text, normal.text, control, at);
    for (const { from, to, id } of this.#normalizedAdded.cut(normal.text, accepts)) {
      if (id !== undefined) {
        out.push({ id, from: starts[from], to: ends[to - 1], found: normal.text.slice(from, to) });
        continue;
      }
      const cut = sliceAligned(normal, from, to);
      for (const word of this.#preTokenizer.aligned([cut], from === 0 ? opens : 'after'))
        this.#alignWord(out, word);
    }
  }

  #alignWord(out: PlacedToken[], word: Aligned): void {
    const ids = this.#bpe.encode(word.text);
    const symbols = this.#preTokenizer.bytes ? bytesAligned(word) : word;
    const stretches = this.#bpe.stretches(symbols.text, ids);
    if (stretches === undefined)
      throw new ArgumentError('text', {
        where: 'encodeWithOffsets',
        expected: 'a tokenizer whose tokens say where they stand, without prefixes and suffixes of words',
        received: `ids of '${word.text}' that do not`,
      });
    stretches.forEach(({ from, to }, i) => {
      out.push({ id: ids[i], from: symbols.from[from], to: symbols.to[to - 1] });
    });
  }

  /** @param control ids of the control tokens in `text` by where they begin */
  #encode(given: string, control: ReadonlyMap<number, number>, opens: Opening): number[] {
    const ids: number[] = [];
    const text = given.replace(HALVES, '\ufffd');
    for (const { from, to, id } of this.#added.cut(text, this.#accepts(control))) {
      if (id !== undefined) ids.push(id);
      else this.#encodeStretch(ids, text.slice(from, to), from === 0 ? opens : 'after', control, from);
    }
    return ids;
  }

  /** Where added tokens may stand: control tokens where they are known to, others everywhere. */
  #accepts(control: ReadonlyMap<number, number>): Accepts {
    return ({ id }, at) => this.#control.ofId(id) === undefined || control.get(at) === id;
  }

  /** @param at where the stretch begins in the text that `control` is of */
  #encodeStretch(
    ids: number[],
    stretch: string,
    opens: Opening,
    control: ReadonlyMap<number, number>,
    at: number,
  ): void {
    const rule = opens === 'continues' ? this.#normalizer.continuing : this.#normalizer.apply;
    const text = rule(stretch);
    const accepts = this.#acceptsIn(stretch, text, control, at);
    for (const { from, to, id } of this.#normalizedAdded.cut(text, accepts)) {
      if (id !== undefined) {
        ids.push(id);
        continue;
      }
      for (const word of this.#preTokenizer.cut([text.slice(from, to)], from === 0 ? opens : 'after')) {
        for (const each of this.#bpe.encode(word)) ids.push(each);
      }
    }
  }

  /**
   * Where control tokens may stand in normalized text: the n-th time that one's string occurs there is the n-th time that
   * it was written, which was as a control token or not.
   */
  #acceptsIn(
    stretch: string,
    text: string,
    control: ReadonlyMap<number, number>,
    at: number,
  ): Accepts | undefined {
    if (this.#normalizedControl.size === 0) return undefined;
    const places = new Map<number, Set<number>>();
    for (const [id, { content, normalized }] of this.#normalizedControl) {
      const written = occurrences(stretch, content);
      const found = occurrences(text, normalized);
      const own =
        found.length === written.length ? found.filter((_, i) => control.get(at + written[i]) === id) : [];
      places.set(id, new Set(own));
    }
    return ({ id }, from) => {
      const own = places.get(id);
      if (own === undefined) return true;
      // What a normalizer puts before text is found with the token.
      const { content, normalized } = this.#normalizedControl.get(id)!;
      return own.has(from + this.#normalizer.apply(content).length - normalized.length);
    };
  }

  /** What a text after `pieces` finds before it, and whether white space at its beginning is swallowed. */
  behind(pieces: readonly Piece[]): { opens: Opening; swallows: boolean } {
    const last = pieces.at(-1);
    if (last === undefined) return { opens: 'start', swallows: false };
    if (last.control !== undefined) {
      return { opens: 'after', swallows: this.#controlAt(pieces, pieces.length - 1)?.rstrip === true };
    }
    const swallowed =
      this.#controlAt(pieces, pieces.length - 2)?.rstrip === true &&
      spaceAtStart(last.text) === last.text.length;
    return { opens: swallowed ? 'after' : 'continues', swallows: swallowed };
  }

  /** The text of token strings, as they stand in the vocabulary. */
  decode(tokens: string[]): string {
    return this.#decoder(tokens);
  }

  #controlAt(pieces: readonly Piece[], i: number): ControlToken | undefined {
    const id = pieces[i]?.control;
    return id === undefined ? undefined : this.#control.ofId(id);
  }
}

/** The text of pieces, and the ids of its control tokens by where they begin. */
function gathered(pieces: readonly Piece[]): { text: string; control: Map<number, number> } {
  const control = new Map<number, number>();
  let text = '';
  for (const piece of pieces) {
    if (piece.control !== undefined) control.set(text.length, piece.control);
    text += piece.text;
  }
  return { text, control };
}

/** Where `part` begins in `text`, each time that it occurs; none of them overlaps another. */
function occurrences(text: string, part: string): number[] {
  const at: number[] = [];
  if (part === '') return at;
  for (let i = text.indexOf(part); i >= 0; i = text.indexOf(part, i + part.length)) at.push(i);
  return at;
}
