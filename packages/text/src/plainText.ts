import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';

import { refused } from './checkTokenizerJson.js';
import { portablePreTokenizer, prefixRule, withoutPrefix } from './components.js';
import type { PrefixRule } from './components.js';
import type { BpeJson, TokenizerJson } from './files.js';

/**
 * Text to ids where no text can become a control token: they are in neither the vocabulary nor the merges used here.
 * Added tokens that are not special (runs of white space, tool tags) are ordinary text and keep their ids.
 */
export class PlainText {
  readonly prefix: PrefixRule;
  readonly #encoder: HfTokenizer;
  /** For text that continues other text: puts no space before it. */
  readonly #continuing: HfTokenizer;

  /**
   * @param json passes checkTokenizerJson
   * @param control strings of all control tokens
   */
  constructor(json: TokenizerJson, control: ReadonlySet<string>) {
    const plain: TokenizerJson = {
      ...json,
      pre_tokenizer: portablePreTokenizer(json.pre_tokenizer),
      // It adds special tokens, which are never asked for here.
      post_processor: null,
      added_tokens: json.added_tokens.filter((token) => !control.has(token.content)),
      model: withoutControl(json.model, control),
    };
    this.prefix = prefixRule(json);
    this.#encoder = compiled(plain);
    this.#continuing = this.#encoder;
    if (this.prefix !== 'never') {
      const bare = { ...plain, pre_tokenizer: portablePreTokenizer(withoutPrefix(json).pre_tokenizer) };
      bare.normalizer = withoutPrefix(json).normalizer;
      this.#continuing = new HfTokenizer({ ...bare, model: { ...plain.model, merges: [] } }, {});
      this.#continuing.model = this.#encoder.model;
    }
    // The library tells the decoder which tokens are text as they stand; here the control tokens are among them.
    if (this.#encoder.decoder) {
      const added = [...this.#encoder.get_added_tokens_decoder().values()];
      this.#encoder.decoder.added_tokens = [
        ...added,
        ...[...control].map((content) => ({ content }) as (typeof added)[number]),
      ];
    }
  }

  /** @param continues whether the text follows other text: then no space is put before it */
  encode(text: string, continues: boolean): number[] {
    if (text === '') return [];
    const encoder = continues ? this.#continuing : this.#encoder;
    return encoder.encode(text, { add_special_tokens: false }).ids;
  }

  /** The text of token strings, as they stand in the vocabulary. */
  decode(tokens: string[]): string {
    const { decoder } = this.#encoder;
    if (tokens.length === 0) return '';
    return decoder === null ? tokens.join('') : decoder.decode(tokens);
  }
}

/**
 * The library's tokenizer, with its regular expressions compiled: that happens when one is first used.
 * @throws ArgumentError when one is no regular expression
 */
function compiled(json: TokenizerJson): HfTokenizer {
  try {
    const tokenizer = new HfTokenizer(json, {});
    tokenizer.encode('a', { add_special_tokens: false });
    return tokenizer;
  } catch (error) {
    throw refused('patterns', 'regular expressions', (error as Error).message);
  }
}

/** The model without the control tokens: no text is one, and no merge makes one. */
function withoutControl(model: BpeJson, control: ReadonlySet<string>): BpeJson {
  // The unknown token stands for text that has no other token; its own string cannot be reached through merges.
  const { unk_token: declared, ignore_merges: ignoresMerges, vocab } = model;
  const known = typeof declared === 'string' && Object.hasOwn(vocab, declared);
  const unknown = known && ignoresMerges !== true ? declared : null;
  return {
    ...model,
    type: 'BPE',
    unk_token: unknown,
    vocab: Object.fromEntries(
      Object.entries(vocab).filter(([token]) => token === unknown || !control.has(token)),
    ),
    merges: model.merges.filter((merge) => {
      const made = typeof merge === 'string' ? merge.replace(' ', '') : merge[0] + merge[1];
      return !control.has(made);
    }),
  };
}
