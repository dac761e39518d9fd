import { ArgumentError } from '@selfjudge/base';
import type { TokenizerJson } from './tokenizerFiles.js';

/** What a setting may be. A setting that is absent or null has the library's default. */
type Setting = 'text' | 'character' | 'flag' | 'count' | 'pattern' | readonly string[];

/** Settings by type of part. */
type Parts = Readonly<Record<string, Readonly<Record<string, Setting>>>>;

const PREFIX_SCHEMES = ['always', 'first', 'never'];
const BEHAVIORS = ['isolated', 'removed', 'mergedwithprevious', 'mergedwithnext', 'contiguous'];
const metaspace = {
  replacement: 'character',
  prepend_scheme: PREFIX_SCHEMES,
  str_rep: 'text',
  split: 'flag',
  add_prefix_space: 'flag',
} as const;
const byteLevel = { add_prefix_space: 'flag', trim_offsets: 'flag', use_regex: 'flag' } as const;

const NORMALIZERS: Parts = {
  Prepend: { prepend: 'text' },
  Replace: { pattern: 'pattern', content: 'text' },
  Strip: { strip_left: 'flag', strip_right: 'flag' },
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Lowercase: {},
};
const PRE_TOKENIZERS: Parts = {
  Split: { pattern: 'pattern', behavior: BEHAVIORS, invert: 'flag' },
  Digits: { individual_digits: 'flag' },
  Punctuation: { behavior: BEHAVIORS },
  Whitespace: {},
  WhitespaceSplit: {},
  CharDelimiterSplit: { delimiter: 'character' },
  ByteLevel: byteLevel,
  Metaspace: metaspace,
};
const DECODERS: Parts = {
  ByteLevel: byteLevel,
  Metaspace: metaspace,
  Replace: { pattern: 'pattern', content: 'text' },
  Strip: { content: 'text', start: 'count', stop: 'count' },
  Fuse: {},
  ByteFallback: {},
  BPEDecoder: { suffix: 'text' },
  WordPiece: { prefix: 'text', cleanup: 'flag' },
};
/** Read for its rule about BOS alone. */
const POST_PROCESSORS: Parts = {
  TemplateProcessing: {},
  ByteLevel: byteLevel,
  BertProcessing: {},
  RobertaProcessing: {},
};

/** Settings without which a part means nothing. */
const REQUIRED = new Set(['pattern', 'prepend', 'Split behavior', 'delimiter']);
const MOST_LEVELS = 8;
/** V8 ends the process when it compiles a regular expression of some thousand nested groups. */
const LONGEST_PATTERN = 4096;
const MOST_IDS = 2 ** 31;

/**
 * Checks that text cut and merged here gives the ids Hugging Face's own tokenizers give, and that every setting is of
 * its type: a tokenizer.json comes with a model, from anywhere.
 * @throws ArgumentError naming the part that we do not have, or that is not what it should be
 */
export function checkTokenizerJson(json: TokenizerJson): void {
  checkModel(json.model);
  checkAddedTokens(json.added_tokens);
  checkPart('normalizer', 'normalizers', NORMALIZERS, json.normalizer);
  checkPart('pre_tokenizer', 'pretokenizers', PRE_TOKENIZERS, json.pre_tokenizer);
  checkPart('post_processor', 'processors', POST_PROCESSORS, json.post_processor);
  checkPart('decoder', 'decoders', DECODERS, json.decoder);
}

function checkModel(model: unknown): void {
  if (!isObject(model) || (model.type ?? 'BPE') !== 'BPE' || !Array.isArray(model.merges)) {
    throw refused('model', 'a BPE model', isObject(model) ? (model.type ?? 'none') : model);
  }
  const { vocab, merges } = model as { vocab: unknown; merges: unknown[] };
  if (!isObject(vocab)) throw refused('model.vocab', 'ids by token', vocab);
  for (const id of Object.values(vocab)) if (!isId(id)) throw refused('model.vocab', 'token ids', id);
  const paired = Array.isArray(merges[0]);
  for (const merge of merges) {
    const fits = paired
      ? Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')
      : typeof merge === 'string';
    if (!fits) throw refused('model.merges', "all as 'left right' or all as ['left', 'right']", merge);
  }
  const settings = {
    unk_token: 'text',
    end_of_word_suffix: 'text',
    continuing_subword_prefix: 'text',
  } as const;
  const flags = { fuse_unk: 'flag', byte_fallback: 'flag', ignore_merges: 'flag' } as const;
  checkSettings('model', { ...settings, ...flags }, model);
  // Python would merge otherwise each time.
  if (![0, null, undefined].includes(model.dropout as null))
    throw refused('model.dropout', 'none', model.dropout);
}

function checkAddedTokens(tokens: unknown): void {
  if (!Array.isArray(tokens)) throw refused('added_tokens', 'a list', tokens);
  const flags = {
    special: 'flag',
    normalized: 'flag',
    single_word: 'flag',
    lstrip: 'flag',
    rstrip: 'flag',
  } as const;
  for (const token of tokens as unknown[]) {
    if (!isObject(token) || typeof token.content !== 'string' || !isId(token.id)) {
      throw refused('added_tokens', '{ id, content }', token);
    }
    checkSettings('added_tokens', flags, token);
  }
}

/** @param inner where a Sequence has its parts */
function checkPart(name: string, inner: string, known: Parts, part: unknown, level = 0): void {
  if (part === null) return;
  if (!isObject(part)) throw refused(name, 'null or an object with a type', part);
  const { type } = part;
  if (type === 'Sequence') {
    const parts = part[inner];
    if (!Array.isArray(parts) || level === MOST_LEVELS) {
      throw refused(name, `a Sequence of ${inner}, at most ${MOST_LEVELS} deep`, parts);
    }
    for (const each of parts as unknown[]) {
      if (each === null) throw refused(name, `${inner} with a type`, null);
      checkPart(name, inner, known, each, level + 1);
    }
    return;
  }
  if (typeof type !== 'string' || !Object.hasOwn(known, type)) {
    throw refused(name, ['Sequence', ...Object.keys(known)].join(', '), type);
  }
  checkSettings(name, known[type], part);
}

function checkSettings(
  name: string,
  settings: Readonly<Record<string, Setting>>,
  part: Record<string, unknown>,
): void {
  for (const [key, setting] of Object.entries(settings)) {
    const value = part[key];
    const absent = value === undefined || value === null;
    const required = REQUIRED.has(key) || REQUIRED.has(`${part.type} ${key}`);
    if (absent ? required : !fits(setting, value)) {
      throw refused(
        `${name} ${String(part.type ?? '')} ${key}`.replace(/ +/g, ' '),
        described(setting),
        value,
      );
    }
  }
}

function fits(setting: Setting, value: unknown): boolean {
  switch (setting) {
    case 'text':
      return typeof value === 'string';
    case 'character':
      return typeof value === 'string' && Array.from(value).length === 1;
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'pattern': {
      if (!isObject(value)) return false;
      const [kind, ...others] = Object.keys(value);
      if ((kind !== 'Regex' && kind !== 'String') || others.length > 0) return false;
      const text = value[kind];
      return typeof text === 'string' && text.length <= LONGEST_PATTERN;
    }
    default:
      return typeof value === 'string' && setting.includes(value.toLowerCase());
  }
}

function described(setting: Setting): string {
  switch (setting) {
    case 'text':
      return 'a text';
    case 'character':
      return 'one character';
    case 'flag':
      return 'true or false';
    case 'count':
      return 'a whole number from 0 on';
    case 'pattern':
      return `{ Regex } or { String } of at most ${LONGEST_PATTERN} characters`;
    default:
      return setting.join(', ');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MOST_IDS;
}

export function refused(part: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(`tokenizer.json ${part}`, { where: 'Tokenizer', expected, received });
}
