import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileFormatError } from '@selfjudge/base';
import {
  sentencePieceModel,
  sentencePieceTokenizer,
  SMALL_PIECES,
  smallLlama,
  type SentencePiece,
} from '@selfjudge/testing/sentencePiece';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTokenizerFiles, TOKENIZER_FILES } from './files.js';
import { fieldsOf } from './protobuf.js';
import { Tokenizer } from './tokenizer.js';

interface Folder {
  config: object;
  model: object;
  ids: number[][];
  decoded: string[];
}

interface Fixture {
  texts: string[];
  models: { byteFallback: boolean; pieces: SentencePiece[]; ids: number[][]; folders: Folder[] }[];
}

// Written by benchmarks/peers/sentence_piece.py with sentencepiece 0.2.3 and transformers 5.23.
const file = join(import.meta.dirname, '../../../benchmarks/peers/fixtures/sentence_piece.json');
const { texts, models } = JSON.parse(readFileSync(file, 'utf8')) as Fixture;

describe('a folder with a tokenizer.model alone', () => {
  it('has the ids that its pieces say', () => {
    const tokenizer = smallLlama();
    // By hand: <unk>, <s>, </s>, 256 bytes, then ▁ a b ▁a ▁b ▁▁ ab é.
    const [space, a, b, spaceA, spaceB, spaces, ab, é] = SMALL_PIECES.slice(259).map((_, i) => 259 + i);
    const byte = (value: number) => 3 + value;
    const cases: [text: string, ids: number[]][] = [
      ['a', [spaceA]],
      ['ab', [spaceA, b]],
      ['b ab', [spaceB, spaceA, b]],
      ['é', [space, é]],
      ['  é', [spaces, é]],
      ['aab', [spaceA, ab]],
      ['\n', [space, byte(10)]],
      ['好', [space, byte(0xe5), byte(0xa5), byte(0xbd)]],
      ['<s>a', [space, ...Buffer.from('<s>').map(byte), a]],
    ];
    for (const [text, ids] of cases) expect(tokenizer.encode(text), text).toEqual(ids);
    expect(tokenizer.encode('<s>a', { special: true })).toEqual([1, a]);
    expect([tokenizer.vocabSize, tokenizer.bos, tokenizer.eos]).toEqual([267, 1, [2]]);
    expect(tokenizer.decode([spaceA, byte(0xe5), byte(0xa5), byte(0xbd)])).toBe('a好');
  });

  it('keeps user-defined pieces whole in text, but no marker of a turn', () => {
    const pieces: SentencePiece[] = [
      ...SMALL_PIECES,
      ['\n\n', 0, 4],
      ['<td>', 0, 4],
      ['<end_of_turn>', 0, 4],
    ];
    const files = { 'tokenizer_config.json': { tokenizer_class: 'GemmaTokenizer' } };
    const gemma = sentencePieceTokenizer(sentencePieceModel(pieces), files);
    expect(gemma.encode('a\n\n<td>b')).toEqual([260, 267, 268, 261]);
    expect(gemma.encode('<end_of_turn>')).not.toContain(269);
    expect(gemma.encode('a<end_of_turn>', { special: true })).toEqual([260, 269]);
    expect([268, 269].map((id) => gemma.isControl(id))).toEqual([false, true]);
  });

  describe.each(models)(
    'with bytes to fall back to: $byteFallback',
    ({ byteFallback, pieces, ids, folders }) => {
      const model = sentencePieceModel(pieces, { byteFallback });

      it.each(folders)('is read as transformers reads one with $config of a $model', (folder) => {
        const tokenizer = sentencePieceTokenizer(model, {
          'tokenizer_config.json': folder.config,
          'config.json': folder.model,
        });
        texts.forEach((text, i) => {
          const own = tokenizer.encode(text, { special: true });
          expect(own, JSON.stringify(text)).toEqual(folder.ids[i]);
          expect(tokenizer.decode(own), JSON.stringify(text)).toBe(folder.decoded[i]);
        });
      });

      it('has the ids of sentencepiece, where a text begins with no space and all its characters have pieces', () => {
        const llama = { tokenizer_class: 'LlamaTokenizer' };
        const tokenizer = sentencePieceTokenizer(model, { 'tokenizer_config.json': llama });
        const known = new Set(
          pieces.filter(([, , type]) => type !== 6).flatMap(([piece]) => [...piece, ' ']),
        );
        const plain = texts
          .map((text, i) => ({ text, i }))
          .filter(
            ({ text }) =>
              /^[^ ▁<]/.test(text) && (byteFallback || [...text].every((each) => known.has(each))),
          );
        expect(plain.length).toBeGreaterThan(4);
        for (const { text, i } of plain) expect(tokenizer.encode(text), text).toEqual(ids[i]);
      });
    },
  );

  it('is loaded, and saved as a tokenizer.json of the same ids', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'selfjudge-sentencepiece-'));
    writeFileSync(join(dir, 'tokenizer.model'), sentencePieceModel(SMALL_PIECES));
    writeFileSync(join(dir, 'tokenizer_config.json'), '{"tokenizer_class": "LlamaTokenizer"}');
    const loaded = await Tokenizer.load(dir);
    expect(loaded.encode('ab é')).toEqual(smallLlama().encode('ab é'));
    const saved = join(dir, 'saved');
    await loaded.save(saved);
    expect((await Tokenizer.load(saved)).encode('ab é\n好')).toEqual(loaded.encode('ab é\n好'));
    rmSync(dir, { recursive: true });
  });
});

describe('what is no tokenizer.model', () => {
  const read = (model: Uint8Array) =>
    parseTokenizerFiles(
      'folder',
      TOKENIZER_FILES.map(() => undefined),
      { model },
    );
  const good = sentencePieceModel(SMALL_PIECES);

  it('is refused by name: other kinds of models, rules that change characters, other files', () => {
    const other = sentencePieceModel(SMALL_PIECES, { modelType: 1 });
    expect(() => read(other)).toThrow(
      /folder.tokenizer.model: expected a SentencePiece model of type BPE.*unigram/,
    );
    const mapped = sentencePieceModel(SMALL_PIECES, { charsmap: Buffer.from('rules') });
    expect(() => read(mapped)).toThrow(/tokenizer.model: expected no rules that change characters/);
    for (const bytes of [
      '',
      '{"model": {}}',
      'version https://git-lfs.github.com/spec/v1\n',
      '\x7fELF\x02\x01',
    ])
      expect(() => read(Buffer.from(bytes)), bytes).toThrow(FileFormatError);
  });

  it('is refused wherever it is cut, but between two of its parts', () => {
    let whole = 0;
    for (let end = 0; end < good.length; end++) {
      try {
        read(good.subarray(0, end));
        whole++;
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    }
    // Without the part that says so it is no BPE model: what can be cut off is the normalizer alone.
    expect(whole).toBe(1);
  });

  it('is refused, or read, whatever its bytes are', () => {
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (all) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of all) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('fields of a protobuf message', () => {
  const fields = (...bytes: number[]) => [...fieldsOf(Uint8Array.from(bytes))];

  it('are numbers and bytes in their order', () => {
    // 1: varint 150; 2: 'ab'; 3: four bytes; 35 (a tag of two bytes): 1.
    expect(fields(0x08, 0x96, 0x01, 0x12, 2, 0x61, 0x62, 0x1d, 1, 2, 3, 4, 0x98, 0x02, 1)).toEqual([
      { number: 1, varint: 150 },
      { number: 2, bytes: Uint8Array.of(0x61, 0x62) },
      { number: 3, bytes: Uint8Array.of(1, 2, 3, 4) },
      { number: 35, varint: 1 },
    ]);
    expect(fields()).toEqual([]);
  });

  it('are refused where they do not end, or are of a kind that no file has', () => {
    expect(() => fields(0x08)).toThrow('a number that does not end at byte 1');
    expect(() => fields(0x08, ...Array<number>(12).fill(0x80))).toThrow('a number that does not end');
    expect(() => fields(0x12, 5, 0x61)).toThrow('5 bytes at byte 2 of 3');
    expect(() => fields(0x09, 1, 2)).toThrow('8 bytes at byte 1 of 3');
    expect(() => fields(0x0b)).toThrow('a field of wire type 3 before byte 1');
  });
});
