import type { Component, TokenizerJson } from './files.js';

/** How GPT-2 and its descendants cut text before merging; Hugging Face's ByteLevel has it built in. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Whether a space is put before text: to every stretch between control tokens, the first one only, or never. */
export type PrefixRule = 'always' | 'first' | 'never';

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
