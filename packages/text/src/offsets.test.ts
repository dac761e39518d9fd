import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallLlama } from '@selfjudge/testing/sentencePiece';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from './byteTokenizer.js';
import { parseTokenizerFiles } from './files.js';
import { Tokenizer } from './tokenizer.js';
import type { Component, TokenizerJson } from './tokenizerFiles.js';

interface Part {
  name: string;
  vocabulary: 'bytes' | 'pieces';
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  post_processor: Component | null;
  /** Of each text: ids, and from where to where they stand in code points. */
  tokens: [id: number, from: number, to: number][][];
}

const read = <T>(name: string): T =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../benchmarks/peers/fixtures', name), 'utf8'),
  ) as T;

// Written by benchmarks/peers/token_offsets.py with tokenizers 0.23.
const { texts, parts } = read<{ texts: string[]; parts: Part[] }>('token_offsets.json');
const base = read<{
  vocabularies: Record<string, Pick<TokenizerJson, 'model' | 'added_tokens'>>;
  decoders: Record<string, Component>;
}>('tokenizers.json');

function tokenizerOf({ vocabulary, normalizer, pre_tokenizer, post_processor }: Part): Tokenizer {
  const parts = { normalizer, pre_tokenizer, post_processor, decoder: base.decoders[vocabulary] };
  const json: TokenizerJson = { ...base.vocabularies[vocabulary], ...parts };
  return new Tokenizer(parseTokenizerFiles('folder', [JSON.stringify(json)]));
}

/** The UTF-16 unit at which each code point of a text begins, its end among them. */
function unitsOf(text: string): number[] {
  const units = [0];
  for (const character of text) units.push(units.at(-1)! + character.length);
  return units;
}

describe("the offsets of Python's tokenizers", () => {
  it.each(parts)('$name', (part) => {
    const tokenizer = tokenizerOf(part);
    texts.forEach((text, i) => {
      const units = unitsOf(text);
      const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special: true });
      const own = ids.map((id, t) => [id, ...offsets[t]]);
      const expected = part.tokens[i].map(([id, from, to]) => [id, units[from], units[to]]);
      expect(own, JSON.stringify(text)).toEqual(expected);
    });
  });
});

describe('offsets', () => {
  it('are in UTF-16 units, of a character that several ids make the whole for each', () => {
    const bytes = byteTokenizer();
    const { ids, offsets } = bytes.encodeWithOffsets('a🙂é');
    expect(ids).toEqual(bytes.encode('a🙂é'));
    const [smile, accent] = [[1, 3], [3, 4]]; // prettier-ignore
    expect(offsets).toEqual([[0, 1], smile, smile, smile, smile, accent, accent]); // prettier-ignore
    // The space that is put before text came from its first character.
    expect(smallLlama().encodeWithOffsets('ab 好')).toEqual({
      ids: [262, 261, 259, 3 + 0xe5, 3 + 0xa5, 3 + 0xbd],
      offsets: [[0, 1], [1, 2], [2, 3], [3, 4], [3, 4], [3, 4]],
    }); // prettier-ignore
    expect(bytes.encodeWithOffsets('')).toEqual({ ids: [], offsets: [] });
    expect(bytes.encodeWithOffsets('a<|im_end|>', { special: true }).offsets).toEqual([[0, 1], [1, 11]]); // prettier-ignore
  });

  it('come with the ids of encode, within the text, whatever it says', () => {
    const tokenizers = [byteTokenizer({ words: [' A', 'é'] }), smallLlama(), ...parts.map(tokenizerOf)];
    const piece = fc.oneof(fc.string(), fc.constantFrom(...texts), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(
        fc.constantFrom(...tokenizers),
        piece,
        fc.boolean(),
        fc.boolean(),
        (tokenizer, text, special, continues) => {
          const { ids, offsets } = tokenizer.encodeWithOffsets(text, { special, continues });
          expect(ids).toEqual(tokenizer.encode(text, { special, continues }));
          for (const [start, end] of offsets) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeGreaterThanOrEqual(start);
            expect(end).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('are refused by name where tokens do not say where they stand', () => {
    const { files } = byteTokenizer();
    const model = { ...files.tokenizer.model, continuing_subword_prefix: '##' };
    const prefixed = new Tokenizer({
      ...files,
      tokenizer: { ...files.tokenizer, pre_tokenizer: null, model },
    });
    expect(() => prefixed.encodeWithOffsets('ab')).toThrow(
      /encodeWithOffsets. text: expected a tokenizer whose tokens say where they stand/,
    );
    const plain = new Tokenizer({ ...files, tokenizer: { ...files.tokenizer, pre_tokenizer: null } });
    expect(plain.encodeWithOffsets('ab').offsets).toEqual([[0, 1], [1, 2]]); // prettier-ignore
    // Nothing stands for a character that has no token.
    expect(plain.encodeWithOffsets('a好b')).toEqual({ ids: plain.encode('ab'), offsets: [[0, 1], [2, 3]] }); // prettier-ignore
  });
});
