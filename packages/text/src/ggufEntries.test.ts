import { describe, expect, it } from 'vitest';

import { byteTokenizer } from './byteTokenizer.js';
import { ggufEntries } from './ggufEntries.js';
import { Tokenizer } from './tokenizer.js';
import type { TokenizerFiles, TokenizerJson } from './tokenizerFiles.js';

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
const bytes = Array.from({ length: 256 }, (_, b) => `<0x${hex(b)}>`);
const pieces = ['▁', 'h', 'i', 'e', 'hi', '▁hi', 'he', '▁h'];
const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces, '  '];
/** A SentencePiece vocabulary as llama.cpp's converter writes it. */
const metadata: readonly [string, unknown][] = [
  ['tokenizer.ggml.model', 'llama'],
  ['tokenizer.ggml.pre', 'default'],
  ['tokenizer.ggml.tokens', tokens],
  ['tokenizer.ggml.scores', tokens.map((_, i) => (i < 259 ? 0 : 259 - i))],
  [
    'tokenizer.ggml.token_type',
    tokens.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : i < 267 ? 1 : 4)),
  ],
  ['tokenizer.ggml.bos_token_id', 1],
  ['tokenizer.ggml.eos_token_id', 2],
  ['tokenizer.ggml.unknown_token_id', 0],
  ['tokenizer.ggml.add_bos_token', true],
  ['tokenizer.ggml.add_space_prefix', true],
  ['tokenizer.chat_template', '{{ bos_token }}{{ messages[0].content }}'],
];
const sentencePiece = Tokenizer.fromGguf(new Map(metadata));

const valuesOf = (tokenizer: Tokenizer, rows = tokenizer.vocabSize) =>
  new Map<string, unknown>(ggufEntries(tokenizer, rows).entries.map(({ key, value }) => [key, value]));

/** A tokenizer with something of its tokenizer.json changed. */
function changed(
  of: Tokenizer,
  json: Partial<TokenizerJson>,
  config: TokenizerFiles['config'] = {},
): Tokenizer {
  const { files } = of;
  return new Tokenizer({
    ...files,
    tokenizer: { ...files.tokenizer, ...json },
    config: { ...files.config, ...config },
  });
}

describe('ggufEntries', () => {
  it('gives of SentencePiece the metadata that it was read from, with scores in the order of merges', () => {
    const { entries, unsaid } = ggufEntries(sentencePiece, tokens.length);
    const own = new Map<string, unknown>(entries.map(({ key, value }) => [key, value]));
    for (const [key, value] of metadata)
      if (!key.endsWith('scores')) expect([key, own.get(key)]).toEqual([key, value]);
    const scores = own.get('tokenizer.ggml.scores') as number[];
    const byScore = pieces.slice(4).sort((a, b) => scores[tokens.indexOf(b)] - scores[tokens.indexOf(a)]);
    expect(byScore).toEqual(['hi', '▁hi', 'he', '▁h']);
    expect(Math.max(...pieces.slice(0, 4).map((piece) => scores[tokens.indexOf(piece)]))).toBeLessThan(-3);
    expect(unsaid).toEqual([]);
    const again = Tokenizer.fromGguf(own);
    for (const text of ['hi hi', 'hehi', '  hi', 'hié', '</s> hi', 'h▁i'])
      expect(again.encode(text)).toEqual(sentencePiece.encode(text));
  });

  it('gives of byte-level BPE its merges, the name of its words, and tokens for rows without one', () => {
    const tokenizer = byteTokenizer({ words: [' A', ' the'] });
    const own = valuesOf(tokenizer, tokenizer.vocabSize + 2);
    expect(own.get('tokenizer.ggml.model')).toBe('gpt2');
    expect(own.get('tokenizer.ggml.pre')).toBe('gpt-2');
    expect(own.get('tokenizer.ggml.merges')).toEqual(['Ġ A', 'Ġ t', 'Ġt h', 'Ġth e']);
    const [list, types] = ['tokens', 'token_type'].map(
      (key) => own.get(`tokenizer.ggml.${key}`) as unknown[],
    );
    expect(list.slice(-2)).toEqual(['[PAD263]', '[PAD264]']);
    expect(types.slice(255, 260)).toEqual([1, 3, 3, 3, 1]);
    expect(types.slice(-2)).toEqual([5, 5]);
    expect(own.get('tokenizer.ggml.eos_token_id')).toBe(258);
    expect(own.get('tokenizer.ggml.padding_token_id')).toBe(256);
    expect(own.has('tokenizer.ggml.eot_token_id')).toBe(false);
    expect(own.get('tokenizer.chat_template')).toBe(tokenizer.chatTemplate);
    const text = 'A the\u00e9 <|im_end|> 12 the';
    expect(Tokenizer.fromGguf(own).encode(text)).toEqual(tokenizer.encode(text));
  });

  const split = (regex: string) => ({
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    ],
  });
  const cl100k = (digits: string) =>
    `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

  it.each([
    ['llama-bpe', { pre_tokenizer: split(cl100k('\\p{N}{1,3}')) }, true],
    ['dbrx', { pre_tokenizer: split(cl100k('\\p{N}{1,3}')) }, false],
    ['qwen2', { pre_tokenizer: split(cl100k('\\p{N}')), normalizer: { type: 'NFC' } }, false],
    [
      'smollm',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Digits', individual_digits: true },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
          ],
        },
      },
      false,
    ],
  ])('knows the words of %s', (name, parts, ignore_merges) => {
    const bytesOnly = byteTokenizer();
    const model = { ...bytesOnly.files.tokenizer.model, ignore_merges };
    const own = valuesOf(changed(bytesOnly, { ...parts, model }));
    expect(own.get('tokenizer.ggml.pre')).toBe(name);
    const text = "It's 12345 naïve\n\n  words";
    expect(Tokenizer.fromGguf(own).encode(text)).toEqual(bytesOnly.encode(text));
  });

  it('says what has no place in a file', () => {
    const { added_tokens: added } = byteTokenizer().files.tokenizer;
    const stripping = added.map((token, i) => ({ ...token, rstrip: i === 1 }));
    expect(ggufEntries(changed(byteTokenizer(), { added_tokens: stripping }), 300).unsaid).toEqual([
      expect.stringMatching(/^that white space beside <\|im_start\|> belongs to them/),
    ]);
    const ends = new Tokenizer({ ...byteTokenizer().files, eosTokenIds: [256, 257] });
    expect(valuesOf(ends).get('tokenizer.ggml.eot_token_id')).toBe(256);
    expect(ggufEntries(ends, 300).unsaid).toEqual([
      expect.stringMatching(/also ends one with <\|im_start\|>$/),
    ]);
    const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false };
    const first = changed(sentencePiece, { normalizer: null, pre_tokenizer: metaspace });
    expect(ggufEntries(first, 300).unsaid).toEqual([expect.stringMatching(/or follows a control token/)]);
    expect(valuesOf(first).get('tokenizer.ggml.add_space_prefix')).toBe(true);
    const never = changed(sentencePiece, {
      normalizer: null,
      pre_tokenizer: { ...metaspace, prepend_scheme: 'never' },
    });
    expect(ggufEntries(never, 300).unsaid).toEqual([]);
    expect(valuesOf(never).get('tokenizer.ggml.add_space_prefix')).toBe(false);
  });

  const { model } = sentencePiece.files.tokenizer;
  const merges = model.merges as [string, string][];
  it.each<[string, () => Tokenizer, RegExp]>([
    [
      'words that llama.cpp has no name for',
      () => changed(byteTokenizer(), { pre_tokenizer: split('\\p{L}+') }),
      /tokenizer.pre_tokenizer: expected one that llama.cpp has a name for/,
    ],
    [
      'merges that lack a way',
      () => changed(sentencePiece, { model: { ...model, merges: merges.slice(0, -1) } }),
      /tokenizer.merges: expected every way to make a piece of two others, received none of ▁ and h/,
    ],
    [
      'merges of one piece that others come between',
      () => {
        const [hi, spaceHi, ...rest] = merges;
        const other = rest.find(([left, right]) => left + right === '▁hi')!;
        return changed(sentencePiece, {
          model: { ...model, merges: [spaceHi, hi, other, ...rest.filter((one) => one !== other)] },
        });
      },
      /tokenizer.merges: expected those of one piece together, received ▁hi/,
    ],
    [
      'another normalizer',
      () => changed(sentencePiece, { normalizer: { type: 'Lowercase' } }),
      /tokenizer.normalizer: expected spaces as ▁ and no other step/,
    ],
    [
      'pieces without bytes',
      () => changed(sentencePiece, { model: { ...model, byte_fallback: false } }),
      /tokenizer.model: expected byte-level BPE, or BPE with a token for every byte/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(() => ggufEntries(make(), 300)).toThrow(message);
  });
});
