import { ArgumentError } from '../errors.js';
import type { BpeJson, Component, TokenizerJson } from './files.js';

/** How GPT-2 and its descendants cut text before merging; Hugging Face's ByteLevel has it built in. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const NORMALIZERS = ['Sequence', 'Prepend', 'Replace', 'Strip', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase'];
const PRE_TOKENIZERS = ['Sequence', 'Split', 'Digits', 'ByteLevel', 'Metaspace'];
const SPLITS = ['isolated', 'removed'];

/** Whether a space is put before text: to every stretch between control tokens, the first one only, or never. */
export type PrefixRule = 'always' | 'first' | 'never';

/**
 * Checks that text cut and merged here gives the ids Hugging Face's own tokenizers give.
 * @throws ArgumentError naming the part that we do not have
 */
export function checkComponents(json: TokenizerJson): void {
  const model: BpeJson | undefined = json.model;
  const whole = Array.isArray(model?.merges) && typeof model.vocab === 'object' && model.vocab !== null;
  if ((model?.type ?? 'BPE') !== 'BPE' || !whole) {
    throw refused('model', 'a BPE model', model?.type ?? 'none');
  }
  for (const part of flatten(json.normalizer)) {
    if (!NORMALIZERS.includes(part.type)) throw refused('normalizer', NORMALIZERS.join(', '), part.type);
  }
  for (const part of flatten(json.pre_tokenizer)) {
    if (!PRE_TOKENIZERS.includes(part.type))
      throw refused('pre_tokenizer', PRE_TOKENIZERS.join(', '), part.type);
    const behavior = String(part.behavior).toLowerCase();
    if (part.type === 'Split' && !SPLITS.includes(behavior)) {
      throw refused('pre_tokenizer', 'a Split that isolates or removes', part.behavior);
    }
  }
}

/**
 * The pre-tokenizer in terms that the JavaScript library reads as the Rust one does. Its Digits knows ASCII digits
 * only where Rust's takes every numeric character, and its ByteLevel uses JavaScript's idea of white space.
 */
export function portablePreTokenizer(part: Component | null): Component | null {
  if (part === null) return null;
  if (part.type === 'Sequence') {
    const parts = part.pretokenizers as Component[];
    return { type: 'Sequence', pretokenizers: parts.map(portablePreTokenizer) };
  }
  if (part.type === 'Digits') return split(part.individual_digits === true ? '\\p{N}' : '\\p{N}+');
  if (part.type === 'ByteLevel' && part.use_regex !== false && part.add_prefix_space !== true) {
    return {
      type: 'Sequence',
      pretokenizers: [split(GPT2_PATTERN), { ...part, use_regex: false }],
    };
  }
  return part;
}

/** A Split whose matches become words of their own. */
export function split(pattern: string): Component {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/** When `json` puts a space before text. */
export function prefixRule(json: TokenizerJson): PrefixRule {
  if (flatten(json.normalizer).some((part) => part.type === 'Prepend')) return 'always';
  for (const part of flatten(json.pre_tokenizer)) {
    if (part.type === 'ByteLevel' && part.add_prefix_space === true) return 'always';
    if (part.type === 'Metaspace' && part.prepend_scheme !== 'never') {
      return part.prepend_scheme === 'first' ? 'first' : 'always';
    }
  }
  return 'never';
}

/** `json` without its rule that puts a space before text. */
export function withoutPrefix(json: TokenizerJson): TokenizerJson {
  const keep = (part: Component | null): Component | null => {
    switch (part?.type) {
      case 'Prepend':
        return null;
      case 'ByteLevel':
        return { ...part, add_prefix_space: false };
      case 'Metaspace':
        return { ...part, prepend_scheme: 'never' };
      case 'Sequence': {
        const key = 'normalizers' in part ? 'normalizers' : 'pretokenizers';
        return { ...part, [key]: (part[key] as Component[]).map(keep).filter((inner) => inner !== null) };
      }
      default:
        return part;
    }
  };
  return { ...json, normalizer: keep(json.normalizer), pre_tokenizer: keep(json.pre_tokenizer) };
}

function flatten(part: Component | null | undefined): Component[] {
  if (part === null || part === undefined) return [];
  const inner = (part.normalizers ?? part.pretokenizers) as Component[] | undefined;
  return part.type === 'Sequence' && inner !== undefined ? inner.flatMap(flatten) : [part];
}

function refused(part: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(`tokenizer.json ${part}`, { where: 'Tokenizer', expected, received });
}
