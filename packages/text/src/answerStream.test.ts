import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerStream } from './answerStream.js';
import { byteTokenizer } from './byteTokenizer.js';
import type { TokenizerFiles } from './tokenizerFiles.js';
import { Tokenizer } from './tokenizer.js';

/** Pieces as SentencePiece writes them, with bytes to fall back to, in Llama 2's format: a space before the answer. */
function sentencePiece(): Tokenizer {
  const words = ['<unk>', '<s>', '</s>'];
  for (let byte = 0; byte < 256; byte++)
    words.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  words.push('▁', 'a', 'b', '▁a', '▁b', '▁▁', 'ab', 'é');
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const added = [0, 1, 2].map((id) => ({
    id,
    content: words[id],
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const files: TokenizerFiles = {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
        vocab,
        merges: [
          ['▁', 'a'],
          ['▁', 'b'],
          ['▁', '▁'],
          ['a', 'b'],
        ],
      },
    },
    config: { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' },
    chatTemplate:
      "{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}" +
      "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
  };
  return new Tokenizer(files);
}

const tokenizers: [string, Tokenizer][] = [
  ['bytes', byteTokenizer({ words: [' A', ' B', 'é', '\u{1F600}'] })],
  ['SentencePiece', sentencePiece()],
];

describe.each(tokenizers)('AnswerStream, %s', (name, tokenizer) => {
  const all = (ids: number[]) => {
    const stream = new AnswerStream(tokenizer);
    return [...ids.map((id) => stream.push(id)), stream.end()];
  };

  it('joined, its pieces are the decoded answer, whatever ids come', () => {
    const ids = fc.array(fc.integer({ min: 0, max: tokenizer.vocabSize - 1 }), { maxLength: 40 });
    fc.assert(
      fc.property(ids, (some) => {
        expect(all(some).join('')).toBe(tokenizer.decodeAnswer(some));
      }),
      { numRuns: 2000 },
    );
  });

  it('tells a character with its last token, and never half of one', () => {
    const text = 'a é 好 \u{1F600}\u{1F469}\u200d\u{1F680} b';
    const pieces = all(tokenizer.encodeAnswer(text));
    expect(pieces.join('')).toBe(text);
    expect(pieces.join('')).not.toContain('\uFFFD');
    // Half of a surrogate pair would become U+FFFD.
    for (const piece of pieces) expect(Buffer.from(piece).toString()).toBe(piece);
    // SentencePiece tells a run of bytes when it is over.
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(name === 'bytes' ? 8 : 4);
  });

  it('tells a text at once, not at its end', () => {
    const stream = new AnswerStream(tokenizer);
    const ids = tokenizer.encodeAnswer('ab ab ab');
    const told = ids.map((id) => stream.push(id)).join('');
    expect(told).toBe('ab ab ab');
    expect(stream.end()).toBe('');
  });
});
