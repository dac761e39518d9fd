import { FileFormatError } from '@selfjudge/base';
import type { AddedTokenJson, BpeJson, Component, TokenizerConfig, TokenizerJson } from './tokenizerFiles.js';
import { MARKER } from './marker.js';
import { fieldsOf } from './protobuf.js';
import { vocabularyMerges } from './scoredMerges.js';
import { llamaParts } from './tokenizerClass.js';

/** sentencepiece_model.proto's kinds of pieces. */
const CONTROL = 3;
const USER_DEFINED = 4;
const MODEL_TYPES: Readonly<Record<number, string>> = { 1: 'unigram', 2: 'BPE', 3: 'word', 4: 'character' };
const BPE = 2;

/** What a tokenizer.model holds of what we read. */
interface SentencePiece {
  pieces: { piece: string; type: number }[];
  byteFallback: boolean;
  unknown: string;
  charsmap: boolean;
}

/** How transformers opens the folder: by its class for Llama or for Gemma, or by none. */
export type SentencePieceClass = 'llama' | 'gemma' | 'none';

/**
 * The tokenizer.json that transformers 5 makes of a SentencePiece tokenizer.model: ranks of merges are the ids of what
 * they make. Control pieces become special tokens, user-defined ones added tokens that are not special.
 *
 * @param path named in errors
 * @param model the file
 * @throws FileFormatError for a file that is none, or not of BPE
 */
export function fromSentencePiece(
  path: string,
  model: Uint8Array,
  by: SentencePieceClass,
  config: TokenizerConfig,
): TokenizerJson {
  const { pieces, byteFallback, unknown, charsmap } = read(path, model);
  if (charsmap && by === 'none') {
    throw new FileFormatError({
      path,
      expected: 'no rules that change characters (precompiled_charsmap)',
      received: 'such rules; a tokenizer.json made with transformers would say them',
    });
  }
  const vocab = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const spaced: Component = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const decoders: Component[] = [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }];
  if (byteFallback) decoders.push({ type: 'ByteFallback' }, { type: 'Fuse' });
  const bpe: BpeJson = {
    type: 'BPE',
    dropout: null,
    fuse_unk: true,
    byte_fallback: by !== 'none' || byteFallback,
    vocab: Object.fromEntries(vocab),
    merges: vocabularyMerges(vocab),
    ...(by !== 'llama' && { unk_token: unknown }),
  };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: spaced,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Sequence', decoders },
    ...(by === 'llama' && llamaParts(config)),
    model: bpe,
  };
}

/**
 * The tokens that a tokenizer.model adds, as a config lists further special tokens. User-defined pieces are text that is
 * never taken apart (runs of line breaks, tags); but markers of turns are none, though files of Gemma list them so.
 */
export function sentencePieceTokens(path: string, model: Uint8Array): Omit<AddedTokenJson, 'id'>[] {
  return read(path, model).pieces.flatMap(({ piece, type }) =>
    type === CONTROL || type === USER_DEFINED
      ? [{ content: piece, normalized: false, special: type === CONTROL || MARKER.test(piece) }]
      : [],
  );
}

/** The class that transformers opens a folder of tokenizer.model by. */
export function sentencePieceClass(
  config: TokenizerConfig,
  model: Record<string, unknown>,
): SentencePieceClass {
  const named = config.tokenizer_class ?? model.tokenizer_class;
  const name = typeof named === 'string' ? named.replace(/Fast$/, '') : undefined;
  const type = typeof model.model_type === 'string' ? model.model_type : undefined;
  if (name === 'GemmaTokenizer' || (name === undefined && type?.startsWith('gemma') === true)) return 'gemma';
  return name === 'LlamaTokenizer' && (type === undefined || type === 'llama') ? 'llama' : 'none';
}

function read(path: string, model: Uint8Array): SentencePiece {
  const out: SentencePiece = { pieces: [], byteFallback: false, unknown: '<unk>', charsmap: false };
  let modelType = 1;
  try {
    for (const { number, bytes } of fieldsOf(model)) {
      if (bytes === undefined) continue;
      if (number === 1) out.pieces.push(pieceOf(bytes));
      for (const field of number === 2 ? fieldsOf(bytes) : []) {
        if (field.number === 3) modelType = field.varint ?? modelType;
        if (field.number === 35) out.byteFallback = field.varint === 1;
        if (field.number === 45 && field.bytes !== undefined) out.unknown = utf8(field.bytes);
      }
      for (const field of number === 3 ? fieldsOf(bytes) : []) {
        if (field.number === 2) out.charsmap = (field.bytes?.length ?? 0) > 0;
      }
    }
    if (out.pieces.length === 0) throw new Error('no pieces');
  } catch (error) {
    throw new FileFormatError({
      path,
      expected: 'a SentencePiece model',
      received: (error as Error).message,
    });
  }
  if (modelType !== BPE) {
    throw new FileFormatError({
      path,
      expected: 'a SentencePiece model of type BPE',
      received: `one of type ${MODEL_TYPES[modelType] ?? modelType}`,
    });
  }
  return out;
}

function pieceOf(message: Uint8Array): { piece: string; type: number } {
  const out = { piece: '', type: 1 };
  for (const { number, varint, bytes } of fieldsOf(message)) {
    if (number === 1 && bytes !== undefined) out.piece = utf8(bytes);
    if (number === 3 && varint !== undefined) out.type = varint;
  }
  return out;
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
