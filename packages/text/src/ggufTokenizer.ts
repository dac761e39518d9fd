import { ArgumentError } from '@selfjudge/base';
import type { BpeJson, Component, TokenizerFiles, TokenizerJson } from './tokenizerFiles.js';
import { BYTE_LEVEL, PRE_TOKENIZERS } from './ggufPreTokenizers.js';
import { scoredMerges } from './scoredMerges.js';

/** Metadata of a GGUF file by key, as readGguf gives it. */
export type GgufMetadata = ReadonlyMap<string, unknown>;

/** llama.cpp's kinds of tokens. */
export const NORMAL = 1;
export const UNKNOWN = 2;
export const CONTROL = 3;
export const USER_DEFINED = 4;
const WHERE = 'Tokenizer.fromGguf';

/**
 * The Hugging Face files that mean the same as a GGUF file's tokenizer: byte-level BPE (`tokenizer.ggml.model` 'gpt2')
 * with a pre-tokenizer we know, or SentencePiece BPE ('llama'), whose merges follow from the scores.
 *
 * @throws ArgumentError naming the key, for a kind we do not know or a list that does not fit
 */
export function ggufTokenizerFiles(metadata: GgufMetadata): TokenizerFiles {
  const kind = metadata.get('tokenizer.ggml.model');
  const tokens = list<string>(metadata, 'tokenizer.ggml.tokens', 'string');
  const types = metadata.has('tokenizer.ggml.token_type')
    ? list<number>(metadata, 'tokenizer.ggml.token_type', 'number', tokens.length)
    : tokens.map(() => NORMAL);
  const { addsBos, ...parts } =
    kind === 'gpt2'
      ? byteLevel(metadata, tokens)
      : kind === 'llama'
        ? sentencePiece(metadata, tokens, types)
        : unknown(kind);

  const named: Record<string, string> = {};
  for (const [name, key] of Object.entries({
    bos_token: 'bos',
    eos_token: 'eos',
    unk_token: 'unknown',
    pad_token: 'padding',
  })) {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    if (typeof id === 'number' && tokens[id] !== undefined) named[name] = tokens[id];
  }
  const ownRule = metadata.get('tokenizer.ggml.add_bos_token');
  const addBos = typeof ownRule === 'boolean' ? ownRule : addsBos;
  const control = new Set(Object.values(named));
  const tokenizer: TokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: tokens.flatMap((content, id) => {
      const special = types[id] === CONTROL || types[id] === UNKNOWN || control.has(content);
      if (!special && types[id] !== USER_DEFINED) return [];
      return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
    }),
    ...parts,
    post_processor: addBos && named.bos_token !== undefined ? bosFirst(named.bos_token, tokens) : null,
  };
  const template = metadata.get('tokenizer.chat_template');
  const turnEnd = metadata.get('tokenizer.ggml.eot_token_id');
  return {
    tokenizer,
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      ...named,
      add_bos_token: addBos,
      clean_up_tokenization_spaces: false,
    },
    ...(typeof template === 'string' && { chatTemplate: template }),
    ...(typeof turnEnd === 'number' && tokens[turnEnd] !== undefined && { eosTokenIds: [turnEnd] }),
  };
}

interface Parts {
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  decoder: Component;
  model: BpeJson;
  /** Where the file does not say. */
  addsBos: boolean;
}

function byteLevel(metadata: GgufMetadata, tokens: string[]): Parts {
  const name = metadata.get('tokenizer.ggml.pre');
  const known =
    typeof name === 'string' && Object.hasOwn(PRE_TOKENIZERS, name) ? PRE_TOKENIZERS[name] : undefined;
  if (known === undefined) {
    const expected = `one of ${Object.keys(PRE_TOKENIZERS).join(', ')}`;
    throw new ArgumentError('tokenizer.ggml.pre', { where: WHERE, expected, received: name });
  }
  return {
    normalizer: known.normalizer ?? null,
    pre_tokenizer: known.pre,
    decoder: BYTE_LEVEL,
    model: {
      type: 'BPE',
      dropout: null,
      // Bytes without a token are left out, as in the original; an unknown token would be one that text can make.
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: known.ignoreMerges ?? false,
      vocab: vocabulary(tokens),
      merges: list<string>(metadata, 'tokenizer.ggml.merges', 'string'),
    },
    addsBos: known.addsBos ?? false,
  };
}

function sentencePiece(metadata: GgufMetadata, tokens: string[], types: number[]): Parts {
  const scores = list<number>(metadata, 'tokenizer.ggml.scores', 'number', tokens.length);
  const normal = tokens.map((_, id) => types[id] === NORMAL);
  const toSpace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  const fromSpace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prefix = metadata.get('tokenizer.ggml.add_space_prefix') !== false;
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [...(prefix ? [{ type: 'Prepend', prepend: '▁' }] : []), fromSpace],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        toSpace,
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens[types.indexOf(UNKNOWN)] ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabulary(tokens),
      merges: scoredMerges(tokens, scores, normal),
    },
    addsBos: true,
  };
}

function unknown(kind: unknown): never {
  const expected = "'gpt2' (byte-level BPE) or 'llama' (SentencePiece BPE)";
  throw new ArgumentError('tokenizer.ggml.model', { where: WHERE, expected, received: kind });
}

function bosFirst(bos: string, tokens: string[]): Component {
  const first = { SpecialToken: { id: bos, type_id: 0 } };
  const sequence = (id: string, typeId: number) => ({ Sequence: { id, type_id: typeId } });
  return {
    type: 'TemplateProcessing',
    single: [first, sequence('A', 0)],
    pair: [first, sequence('A', 0), { SpecialToken: { id: bos, type_id: 1 } }, sequence('B', 1)],
    special_tokens: { [bos]: { id: bos, ids: [tokens.indexOf(bos)], tokens: [bos] } },
  };
}

/** Ids by token; where two tokens have one text, the first keeps it. */
function vocabulary(tokens: string[]): Record<string, number> {
  const entries = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (!entries.has(token)) entries.set(token, id);
  });
  return Object.fromEntries(entries);
}

function list<T>(metadata: GgufMetadata, key: string, of: 'string' | 'number', length?: number): T[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((entry) => typeof entry === of)) {
    if (length === undefined || value.length === length) return value as T[];
  }
  throw new ArgumentError(key, {
    where: WHERE,
    expected: `a list of ${length === undefined ? '' : `${length} `}${of}s`,
    received: Array.isArray(value) ? `${value.length} values` : value,
  });
}
