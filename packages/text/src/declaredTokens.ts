import { isObject } from './tokenizerFiles.js';
import { isTextToken } from './textToken.js';
import type { AddedTokenJson, TokenizerConfig, TokenizerJson } from './tokenizerFiles.js';

/** Files beside tokenizer.json that list tokens; older ones, read where the config has no added_tokens_decoder. */
export interface TokenLists {
  /** special_tokens_map.json */
  specialTokensMap?: Record<string, unknown>;
  /** added_tokens.json: ids by token. */
  addedTokens?: Record<string, unknown>;
}

type Token = Omit<AddedTokenJson, 'id'>;
/** @property typed whether its settings are marked as an AddedToken's, which transformers reads late */
type Declared = Token & { typed: boolean };

export const NAMED_TOKENS = [
  'bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token',
]; // prettier-ignore

/**
 * A tokenizer with the tokens that stand in the files beside tokenizer.json, added as transformers 5 adds them when it
 * opens the folder: those of the config's added_tokens_decoder (or, without one, of added_tokens.json), then those with a
 * name (bos_token, ..., any *_token), then further special ones. A token that the vocabulary has keeps its id; others get
 * the next ones, whatever id a file says.
 *
 * @param fromFile whether tokenizer.json's own added tokens are in the tokenizer already: not where transformers builds
 *   it anew (`asClassSays`)
 * @returns the tokenizer, and the config with what special_tokens_map.json names
 */
export function withDeclaredTokens(
  tokenizer: TokenizerJson,
  config: TokenizerConfig,
  { specialTokensMap = {}, addedTokens = {} }: TokenLists,
  fromFile: boolean,
): { tokenizer: TokenizerJson; config: TokenizerConfig } {
  const own = tokenizer.added_tokens;
  // What it should be is checked where a tokenizer is made of it.
  if (!Array.isArray(own) || !own.every((token) => isObject(token) && typeof token.content === 'string')) {
    return { tokenizer, config };
  }
  const decoder = config.added_tokens_decoder;
  const modern = isObject(decoder);
  const named = modern
    ? config
    : { ...withExtra(config), ...asSpecial(specialTokensMap), ...ownNames(config) };
  const [ofNames, further] = [namedTokens(named), extraTokens(named)];
  const special = new Set(
    [...ofNames, ...further].filter(({ typed }) => !typed).map(({ content }) => content),
  );
  const listed = new Map<number, Token>();
  const list = (id: unknown, token: Token | undefined) => {
    // What is neither has no number, or none that could be asked for: { "toString": 1 }.
    const at = typeof id === 'string' || typeof id === 'number' ? Number(id) : NaN;
    if (token !== undefined && Number.isSafeInteger(at)) listed.set(at, token);
  };
  if (modern) for (const [id, token] of Object.entries(decoder)) list(id, plain(tokenOf(token)));
  else {
    for (const [content, id] of Object.entries(addedTokens)) {
      list(id, { content, special: special.has(content), normalized: !special.has(content) });
    }
    for (const { id, ...token } of own) list(id, token);
  }

  const added = new AddedList(tokenizer, fromFile ? own : []);
  for (const [, token] of [...listed].sort(([a], [b]) => a - b)) added.add(token);
  const known = new Set(added.tokens.map(({ content }) => content));
  const names = new Set(ofNames.map(({ content }) => content));
  for (const { typed: _, ...token } of [...ofNames, ...further]) {
    if (!known.has(token.content))
      added.add({ ...token, special: token.special === true || names.has(token.content) });
  }
  return { tokenizer: { ...tokenizer, added_tokens: added.tokens }, config: named };
}

/** Added tokens by string, each with the id it has or the next one. */
class AddedList {
  readonly #vocab: Record<string, number>;
  readonly #size: number;
  readonly #model: TokenizerJson['model'];
  readonly #tokens = new Map<string, AddedTokenJson>();
  #last = -1;

  constructor({ model }: TokenizerJson, tokens: readonly AddedTokenJson[]) {
    this.#vocab = isObject(model?.vocab) ? model.vocab : {};
    this.#size = Object.keys(this.#vocab).length;
    this.#model = model;
    // Python takes the ids of its own list too from the vocabulary, or the next ones.
    for (const token of tokens) this.#put({ ...token, id: this.#idOf(token.content) });
  }

  get tokens(): AddedTokenJson[] {
    return [...this.#tokens.values()];
  }

  add(token: Token): void {
    const { content } = token;
    if (content === '') return;
    const normalized = token.normalized ?? token.special !== true;
    // What text makes by itself, as a pad token '!', cannot be kept out of it.
    const special = token.special === true && !isTextToken(this.#model, content);
    this.#put({ ...token, normalized, special, id: this.#idOf(content) });
  }

  /** The id that a token has, or the next one. */
  #idOf(content: string): number {
    const own = Object.hasOwn(this.#vocab, content) ? this.#vocab[content] : undefined;
    return this.#tokens.get(content)?.id ?? own ?? Math.max(this.#last + 1, this.#size);
  }

  #put(token: AddedTokenJson): void {
    this.#tokens.set(token.content, token);
    this.#last = Math.max(this.#last, token.id);
  }
}

/** Tokens that a config gives a name: those that all have, in transformers' order, then a model's own (image_token). */
function namedTokens(config: TokenizerConfig): Declared[] {
  const extra = isObject(config.extra_special_tokens) ? config.extra_special_tokens : {};
  const own = Object.keys(config).filter((name) => name.endsWith('_token') && !NAMED_TOKENS.includes(name));
  return [...[...NAMED_TOKENS, ...own].map((name) => config[name]), ...Object.values(extra)].flatMap(
    tokensOf,
  );
}

/** The older name of the list means the newer, unless both are there. */
function withExtra({ additional_special_tokens: older, ...config }: TokenizerConfig): TokenizerConfig {
  if (older === undefined) return config;
  const { extra_special_tokens: extra } = config;
  if (Array.isArray(extra) && extra.length > 0) return config;
  return isObject(extra)
    ? { ...config, additional_special_tokens: older }
    : { ...config, extra_special_tokens: older };
}

function extraTokens(config: TokenizerConfig): Declared[] {
  const { extra_special_tokens: extra, additional_special_tokens: older } = config;
  const list = Array.isArray(extra) && extra.length > 0 ? extra : Array.isArray(older) ? older : [];
  return (list as unknown[]).flatMap(tokensOf);
}

/** What a config says of a model's own names (image_token), which the older list does not change. */
function ownNames(config: TokenizerConfig): TokenizerConfig {
  const isOwn = (name: string) => name.endsWith('_token') && !NAMED_TOKENS.includes(name);
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => isOwn(name) && typeof value === 'string'),
  );
}

/** What special_tokens_map.json says: objects there are special without saying so. */
function asSpecial(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, isObject(value) ? { ...value, special: true } : value]),
  );
}

function tokensOf(value: unknown): Declared[] {
  const token = tokenOf(value);
  return token === undefined ? [] : [token];
}

/** A token as a string, which is special, or as an object of its settings. */
function tokenOf(value: unknown): Declared | undefined {
  if (typeof value === 'string') return { content: value, special: true, normalized: false, typed: false };
  if (!isObject(value) || typeof value.content !== 'string') return undefined;
  const flag = (name: string) => value[name] === true;
  return {
    content: value.content,
    special: flag('special'),
    normalized: typeof value.normalized === 'boolean' ? value.normalized : !flag('special'),
    single_word: flag('single_word'),
    lstrip: flag('lstrip'),
    rstrip: flag('rstrip'),
    typed: value.__type === 'AddedToken',
  };
}

function plain(token: Declared | undefined): Token | undefined {
  if (token === undefined) return undefined;
  const { typed: _, ...rest } = token;
  return rest;
}
