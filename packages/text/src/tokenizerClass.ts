import type { Component, TokenizerConfig, TokenizerJson } from './tokenizerFiles.js';

/**
 * How the Llama class of transformers 5 takes text apart: it builds the tokenizer anew from vocabulary and merges, and
 * what tokenizer.json says of normalizer and pre-tokenizer does not count.
 */
export function llamaParts(
  config: TokenizerConfig,
): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder'> {
  const prefix = config.add_prefix_space !== false;
  const scheme = !prefix ? 'never' : config.legacy === true ? 'always' : 'first';
  const decoders: Component[] = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  if (prefix) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
  return {
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: false },
    decoder: { type: 'Sequence', decoders },
  };
}

/**
 * Whether transformers opens the folder by its Llama class: the config names it, the model is a Llama (for others of its
 * kin, as Mistral, tokenizer.json counts) and the tokenizer is not a byte-level one.
 */
export function isLlamaClass(
  tokenizer: TokenizerJson,
  config: TokenizerConfig,
  model: Record<string, unknown>,
): boolean {
  const name = config.tokenizer_class ?? model.tokenizer_class;
  if (name !== 'LlamaTokenizer' && name !== 'LlamaTokenizerFast') return false;
  if (model.model_type !== undefined && model.model_type !== 'llama') return false;
  return ![tokenizer.pre_tokenizer, tokenizer.decoder].some((part) =>
    JSON.stringify(part ?? null).includes('"ByteLevel"'),
  );
}

/** tokenizer.json as the Llama class reads it. */
export function asLlamaClass(tokenizer: TokenizerJson, config: TokenizerConfig): TokenizerJson {
  const { vocab, merges } = tokenizer.model;
  return {
    ...tokenizer,
    ...llamaParts(config),
    model: { type: 'BPE', dropout: null, fuse_unk: true, byte_fallback: true, vocab, merges },
  };
}
