import { Tokenizer } from '@selfjudge/text';
import { parseTokenizerFiles, TOKENIZER_FILES } from '@selfjudge/text/internal';

/** A piece of a tokenizer.model. Types: 1 normal, 2 unknown, 3 control, 4 user-defined, 6 a byte. */
export type SentencePiece = readonly [piece: string, score: number, type: number];

export interface SentencePieceOptions {
  byteFallback?: boolean;
  /** 1 unigram, 2 BPE (the default), 3 word, 4 character. */
  modelType?: number;
  /** Rules that change characters. */
  charsmap?: Uint8Array;
}

/** The bytes of a tokenizer.model, of the fields of sentencepiece_model.proto that say how text is taken apart. */
export function sentencePieceModel(
  pieces: readonly SentencePiece[],
  { byteFallback = true, modelType = 2, charsmap = new Uint8Array() }: SentencePieceOptions = {},
): Buffer {
  const ofPieces = pieces.map(([piece, score, type]) => {
    const number = Buffer.alloc(4);
    number.writeFloatLE(score);
    return bytesField(1, [bytesField(1, [Buffer.from(piece)]), tag(2, 5), number, varintField(3, type)]);
  });
  const trainer = bytesField(2, [varintField(3, modelType), varintField(35, Number(byteFallback))]);
  const normalizer = bytesField(3, [bytesField(2, [charsmap])]);
  return Buffer.concat([...ofPieces, trainer, normalizer]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const tag = (field: number, wire: number): Buffer => varint(field * 8 + wire);
const varintField = (field: number, value: number): Buffer => Buffer.concat([tag(field, 0), varint(value)]);

function bytesField(field: number, parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

/** <0x00> to <0xFF>. */
const BYTES = Array.from({ length: 256 }, (_, byte): SentencePiece => {
  return [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 0, 6];
});

/** A few pieces beside the bytes, in the order of their ids. */
export const SMALL_PIECES: readonly SentencePiece[] = [
  ['<unk>', 0, 2],
  ['<s>', 0, 3],
  ['</s>', 0, 3],
  ...BYTES,
  ...['▁', 'a', 'b', '▁a', '▁b', '▁▁', 'ab', 'é'].map((piece, i): SentencePiece => [piece, -i, 1]),
];

/** The tokenizer of a folder with a tokenizer.model. @param files what stands beside it, by name */
export function sentencePieceTokenizer(
  model: Uint8Array,
  files: Partial<Record<(typeof TOKENIZER_FILES)[number], string | object>> = {},
): Tokenizer {
  const texts = TOKENIZER_FILES.map((name) => {
    const content = files[name];
    return typeof content === 'object' ? JSON.stringify(content) : content;
  });
  return new Tokenizer(parseTokenizerFiles('folder', texts, { model }));
}

/** Of SMALL_PIECES, as Llama 2 has it: a space before each answer. */
export const smallLlama = (): Tokenizer =>
  sentencePieceTokenizer(sentencePieceModel(SMALL_PIECES), {
    'tokenizer_config.json': { tokenizer_class: 'LlamaTokenizer' },
    'chat_template.jinja':
      "{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}" +
      "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
  });
