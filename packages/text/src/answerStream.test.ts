import { smallLlama } from '@selfjudge/testing/sentencePiece';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerStream } from './answerStream.js';
import { byteTokenizer } from './byteTokenizer.js';
import type { Tokenizer } from './tokenizer.js';

const tokenizers: [string, Tokenizer][] = [
  ['bytes', byteTokenizer({ words: [' A', ' B', 'é', '\u{1F600}'] })],
  ['SentencePiece', smallLlama()],
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
