import { AddedTokens, spaceAtEnd, spaceAtStart } from './addedTokens.js';
import { Bpe } from './bpe.js';
import { refused } from './checkTokenizerJson.js';
import type { ControlToken, ControlTokens } from './controlTokens.js';
import { decoderOf } from './decoders.js';
import type { TokenizerJson } from './files.js';
import { normalizerOf } from './normalizers.js';
import type { Normalizer } from './normalizers.js';
import { preTokenizerOf } from './preTokenizers.js';
import type { Opening, PreTokenizer } from './preTokenizers.js';
import type { Piece } from './rendered.js';

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
    const added = json.added_tokens.filter((token) => !controls.has(token.content));
    try {
      this.#normalizer = normalizerOf(json.normalizer);
      this.#preTokenizer = preTokenizerOf(json.pre_tokenizer);
      const asTheyStand = new Set([...controls, ...added.map((token) => token.content)]);
      this.#decoder = decoderOf(json.decoder, asTheyStand);
    } catch (error) {
      throw refused('patterns', 'regular expressions that we read as Python does', (error as Error).message);
    }
    const normalized = (token: (typeof added)[number]) => token.normalized ?? token.special !== true;
    this.#added = new AddedTokens(added.filter((token) => !normalized(token)).map((token) => [token.content, token]));
    this.#normalizedAdded = new AddedTokens(
      added.filter(normalized).map((token) => [this.#normalizer.apply(token.content), token]),
    );
    try {
      this.#bpe = new Bpe(json.model, this.#preTokenizer.bytes, controls);
    } catch (error) {
      throw refused('model.merges', 'merges of tokens into tokens', (error as Error).message);
    }
  }

  /** @param opens what stands before `text` */
  encode(text: string, opens: Opening): number[] {
    const ids: number[] = [];
    this.#encodeInto(ids, text, opens);
    return ids;
  }

  /**
   * Control tokens as they are, and the text between them, less the white space that they swallow.
   * @param opens what stands before the first piece
   */
  encodePieces(pieces: readonly Piece[], opens: Opening): number[] {
    const ids: number[] = [];
    pieces.forEach((piece, i) => {
      if (piece.control !== undefined) {
        ids.push(piece.control);
        return;
      }
      const { text } = piece;
      const from = this.#controlAt(pieces, i - 1)?.rstrip === true ? spaceAtStart(text) : 0;
      const to = text.length - (this.#controlAt(pieces, i + 1)?.lstrip === true ? spaceAtEnd(text) : 0);
      if (from < to) this.#encodeInto(ids, text.slice(from, to), i === 0 ? opens : 'after');
    });
    return ids;
  }

  /** What a text after `pieces` finds before it, and whether white space at its beginning is swallowed. */
  behind(pieces: readonly Piece[]): { opens: Opening; swallows: boolean } {
    const last = pieces.at(-1);
    if (last === undefined) return { opens: 'start', swallows: false };
    if (last.control !== undefined) {
      return { opens: 'after', swallows: this.#controlAt(pieces, pieces.length - 1)?.rstrip === true };
    }
    const swallowed =
      this.#controlAt(pieces, pieces.length - 2)?.rstrip === true && spaceAtStart(last.text) === last.text.length;
    return { opens: swallowed ? 'after' : 'continues', swallows: swallowed };
  }

  /** The text of token strings, as they stand in the vocabulary. */
  decode(tokens: string[]): string {
    return this.#decoder(tokens);
  }

  #encodeInto(ids: number[], text: string, opens: Opening): void {
    this.#added.cut(text.replace(HALVES, '\ufffd')).forEach((part, i) => {
      if (typeof part === 'number') ids.push(part);
      else this.#encodeStretch(ids, part, i === 0 ? opens : 'after');
    });
  }

  #encodeStretch(ids: number[], text: string, opens: Opening): void {
    const rule = opens === 'continues' ? this.#normalizer.continuing : this.#normalizer.apply;
    this.#normalizedAdded.cut(rule(text)).forEach((part, i) => {
      if (typeof part === 'number') {
        ids.push(part);
        return;
      }
      for (const word of this.#preTokenizer.cut([part], i === 0 ? opens : 'after')) {
        for (const id of this.#bpe.encode(word)) ids.push(id);
      }
    });
  }

  #controlAt(pieces: readonly Piece[], i: number): ControlToken | undefined {
    const id = pieces[i]?.control;
    return id === undefined ? undefined : this.#control.ofId(id);
  }
}
