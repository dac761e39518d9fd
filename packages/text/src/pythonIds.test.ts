import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { parseTokenizerFiles } from './files.js';
import { Tokenizer } from './tokenizer.js';
import type { Component, TokenizerJson } from './tokenizerFiles.js';

interface Parts {
  vocabulary: 'bytes' | 'pieces';
  normalizer: Component | null;
  pre_tokenizer: Component | null;
}

interface Fixture {
  texts: string[];
  vocabularies: Record<string, Pick<TokenizerJson, 'model' | 'added_tokens'>>;
  decoders: Record<string, Component>;
  parts: (Parts & { name: string; ids: number[][]; decoded: string[] })[];
  folders: (Parts & {
    files: Record<string, object>;
    added: Record<string, number>;
    cases: [text: string, ids: number[]][];
  })[];
}

// Written by benchmarks/peers/tokenizer_ids.py with tokenizers 0.23 and transformers 5.23.
const file = join(import.meta.dirname, '../../../benchmarks/peers/fixtures/tokenizers.json');
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

const jsonOf = ({ vocabulary, normalizer, pre_tokenizer }: Parts): TokenizerJson => ({
  ...fixture.vocabularies[vocabulary],
  normalizer,
  pre_tokenizer,
  post_processor: null,
  decoder: fixture.decoders[vocabulary],
});

describe("the ids of Python's tokenizers", () => {
  for (const part of fixture.parts) {
    it(`where text is taken apart as by: ${part.name}`, () => {
      const texts = [JSON.stringify(jsonOf(part))];
      const tokenizer = new Tokenizer(parseTokenizerFiles('folder', texts));
      fixture.texts.forEach((text, i) => {
        expect(tokenizer.encode(text, { special: true }), JSON.stringify(text)).toEqual(part.ids[i]);
        // Python decodes a token that is looked for in normalized text as it looks there.
        if (text.includes('<Norm>')) return;
        expect(tokenizer.decode(part.ids[i]), JSON.stringify(text)).toBe(part.decoded[i]);
      });
    });
  }

  it.each(fixture.folders.map((folder, i) => [i, folder] as const))(
    'in folder %i, whose tokens stand in several files',
    async (_, { files, added, cases, ...parts }) => {
      const dir = mkdtempSync(join(tmpdir(), 'selfjudge-tokenizer-'));
      for (const [name, value] of Object.entries({ ...files, 'tokenizer.json': jsonOf(parts) })) {
        writeFileSync(join(dir, name), JSON.stringify(value));
      }
      const tokenizer = await Tokenizer.load(dir);
      const own = tokenizer.files.tokenizer.added_tokens.map(({ content, id }) => [content, id]);
      expect(Object.fromEntries(own)).toEqual(added);
      for (const [text, ids] of cases) expect(tokenizer.encode(text, { special: true }), text).toEqual(ids);
      // What was saved is the same tokenizer.
      await tokenizer.save(dir);
      const again = await Tokenizer.load(dir);
      for (const [text, ids] of cases) expect(again.encode(text, { special: true }), text).toEqual(ids);
      rmSync(dir, { recursive: true });
    },
  );
});
