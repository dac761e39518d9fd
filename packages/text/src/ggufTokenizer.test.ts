import { describe, expect, it } from 'vitest';

import { scoredMerges } from './scoredMerges.js';
import { Tokenizer } from './tokenizer.js';

/** A SentencePiece vocabulary of all bytes and a few pieces. */
function sentencePiece(changes: Record<string, unknown> = {}): Map<string, unknown> {
  const pieces = ['▁', 'h', 'i', 'hi', '▁hi', '<', 's', '>', '</'];
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, '0');
  const tokens = [
    '<unk>',
    '<s>',
    '</s>',
    ...Array.from({ length: 256 }, (_, b) => `<0x${hex(b)}>`),
    ...pieces,
  ];
  return new Map<string, unknown>([
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.scores', tokens.map((_, i) => -i)],
    ['tokenizer.ggml.token_type', tokens.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1))],
    ['tokenizer.ggml.bos_token_id', 1],
    ['tokenizer.ggml.eos_token_id', 2],
    ['tokenizer.ggml.unknown_token_id', 0],
    ...Object.entries(changes),
  ]);
}

const ids = { space: 259, h: 260, i: 261, hi: 262, spaceHi: 263 };

describe('SentencePiece in GGUF', () => {
  const tokenizer = Tokenizer.fromGguf(sentencePiece());

  it('puts a space before text, falls back to bytes and decodes', () => {
    expect(tokenizer.encode('hi')).toEqual([ids.spaceHi]);
    expect(tokenizer.encode('hi', { continues: true })).toEqual([ids.hi]);
    expect(tokenizer.encode('é')).toEqual([ids.space, 3 + 0xc3, 3 + 0xa9]);
    expect(tokenizer.decode(tokenizer.encode('hi hié'))).toBe('hi hié');
  });

  it('never reads <s>, </s> or <unk> out of text', () => {
    for (const text of ['<s>', '</s>', '<unk>', 'hi</s>']) {
      expect(tokenizer.encode(text).filter((id) => id < 3)).toEqual([]);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });

  it('puts BOS once: by its own rule without a template, by the template with one', () => {
    const bosCount = (t: Tokenizer) =>
      t.encodeRendered(t.renderChat([{ role: 'user', content: 'hi <s>' }])).filter((id) => id === 1).length;
    const template = '{{ bos_token }}{{ messages[0].content }}';
    expect(bosCount(tokenizer)).toBe(1);
    expect(bosCount(Tokenizer.fromGguf(sentencePiece({ 'tokenizer.ggml.add_bos_token': false })))).toBe(0);
    expect(bosCount(Tokenizer.fromGguf(sentencePiece({ 'tokenizer.chat_template': template })))).toBe(1);
    const silent = sentencePiece({ 'tokenizer.chat_template': '{{ messages[0].content }}' });
    expect(bosCount(Tokenizer.fromGguf(silent))).toBe(0);
  });
});

describe('fromGguf', () => {
  it('refuses by name what it does not know', () => {
    const other = (changes: Record<string, unknown>) => () => Tokenizer.fromGguf(sentencePiece(changes));
    expect(other({ 'tokenizer.ggml.model': 'rwkv' })).toThrow(/tokenizer\.ggml\.model.*rwkv/);
    expect(other({ 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'jais' })).toThrow(/pre.*jais/);
    expect(other({ 'tokenizer.ggml.scores': [1] })).toThrow(/scores/);
    expect(other({ 'tokenizer.ggml.tokens': 'none' })).toThrow(/tokens/);
  });

  it('takes digits one by one where the pre-tokenizer says so', () => {
    const metadata = new Map<string, unknown>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.pre', 'smollm'],
      ['tokenizer.ggml.tokens', ['1', '2', '12', 'a', 'b', 'ab', '<|end|>']],
      ['tokenizer.ggml.token_type', [1, 1, 1, 1, 1, 1, 3]],
      ['tokenizer.ggml.merges', ['1 2', 'a b']],
      ['tokenizer.ggml.eos_token_id', 6],
    ]);
    expect(Tokenizer.fromGguf(metadata).encode('12ab')).toEqual([0, 1, 5]);
    expect(Tokenizer.fromGguf(metadata.set('tokenizer.ggml.pre', 'gpt-2')).encode('12ab')).toEqual([2, 5]);
  });
});

describe('scoredMerges', () => {
  it('takes time by the length of a token, not by its square', () => {
    const tokens = ['x'.repeat(300_000), 'x', 'y'.repeat(200_000), 'y'.repeat(100_000)];
    const start = performance.now();
    expect(
      scoredMerges(
        tokens,
        [0, 0, 0, 0],
        tokens.map(() => true),
      ),
    ).toEqual([[tokens[3], tokens[3]]]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('orders by score, then by longer parts, and leaves other kinds of tokens out', () => {
    const tokens = ['a', 'b', 'ab', 'aba', 'ba'];
    const all = tokens.map(() => true);
    expect(scoredMerges(tokens, [0, 0, -1, -3, -2], all)).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['ab', 'a'],
      ['a', 'ba'],
    ]);
    expect(scoredMerges(tokens, [0, 0, -1, -3, -2], [true, true, false, true, true])).toEqual([
      ['b', 'a'],
      ['a', 'ba'],
    ]);
  });
});
