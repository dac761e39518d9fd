import { isDeepStrictEqual } from 'node:util';

import type { Component, TokenizerJson } from './tokenizerFiles.js';

/** What decodes the characters of bytes, and makes them of words. */
export const BYTE_LEVEL: Component = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};
const AFTER_SPLIT: Component = { ...BYTE_LEVEL, use_regex: false };

interface PreTokenizer {
  pre: Component;
  normalizer?: Component;
  ignoreMerges?: boolean;
  addsBos?: boolean;
}

/** Llama 3's way to cut text (cl100k's); Qwen 2 has the same with single digits. */
function llama3Pattern(digits: string): string {
  return (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" +
    `${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`
  );
}

/** A word may begin with capitals, and then has none. */
const CAPITALS = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const SMALL = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
const wordPattern = (end: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${CAPITALS}*${SMALL}+${end}|[^\\r\\n\\p{L}\\p{N}]?${CAPITALS}+${SMALL}*${end}`;
const SIGNS = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const o200kPattern = `${wordPattern(CONTRACTION)}|\\p{N}{1,3}|${SIGNS}`;
const tekkenPattern = `${wordPattern('')}|\\p{N}|${SIGNS}`;

const gpt2: PreTokenizer = { pre: BYTE_LEVEL };
const smollm: PreTokenizer = { pre: sequence({ type: 'Digits', individual_digits: true }, BYTE_LEVEL) };
const llama3: PreTokenizer = {
  pre: sequence(split(llama3Pattern('\\p{N}{1,3}')), AFTER_SPLIT),
  ignoreMerges: true,
  addsBos: true,
};
/** The same where text is looked up by merges alone. */
const cl100k: PreTokenizer = { pre: llama3.pre };
const qwen2: PreTokenizer = {
  pre: sequence(split(llama3Pattern('\\p{N}')), AFTER_SPLIT),
  normalizer: { type: 'NFC' },
};

/** tokenizer.ggml.pre: how a byte-level tokenizer cuts text before merging. */
export const PRE_TOKENIZERS: Record<string, PreTokenizer> = {
  'gpt-2': gpt2,
  smollm,
  starcoder: smollm,
  'llama-bpe': llama3,
  llama3,
  'llama-v3': llama3,
  qwen2,
  dbrx: cl100k,
  'smaug-bpe': cl100k,
  refact: smollm,
  'command-r': smollm,
  olmo: gpt2,
  'gpt-4o': { pre: sequence(split(o200kPattern), AFTER_SPLIT) },
  tekken: { pre: sequence(split(tekkenPattern), AFTER_SPLIT), ignoreMerges: true },
};

/** A Split whose matches become words of their own. */
function split(pattern: string): Component {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

function sequence(...pretokenizers: Component[]): Component {
  return { type: 'Sequence', pretokenizers };
}

/** The name of how a byte-level tokenizer cuts text; undefined where llama.cpp has none for it. */
export function preTokenizerName(tokenizer: TokenizerJson): string | undefined {
  const own = cuts(tokenizer.pre_tokenizer, tokenizer.normalizer, tokenizer.model.ignore_merges);
  return Object.keys(PRE_TOKENIZERS).find((name) => {
    const { pre, normalizer, ignoreMerges } = PRE_TOKENIZERS[name];
    return isDeepStrictEqual(own, cuts(pre, normalizer, ignoreMerges));
  });
}

/** What decides the words, in a form that can be compared. */
function cuts(pre: Component | null, normalizer: Component | null = null, ignoreMerges: unknown = false) {
  return [steps(pre, 'pretokenizers'), steps(normalizer, 'normalizers'), ignoreMerges === true];
}

/** The parts of a component, without what changes no word. */
function steps(component: Component | null, within: string): unknown[] {
  if (component === null) return [];
  const parts = component.type === 'Sequence' ? component[within] : undefined;
  if (Array.isArray(parts)) return (parts as Component[]).flatMap((part) => steps(part, within));
  const { trim_offsets: _, ...rest } = component;
  return [component.type === 'ByteLevel' ? { use_regex: true, ...rest } : rest];
}
