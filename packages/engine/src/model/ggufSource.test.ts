import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Weight } from '../tensor/weight.js';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { tinyConfig, tinyModel } from '@selfjudge/testing/tinyModel';
import { inverseFrequencies, type RopeScaling } from './rope.js';
import { readGguf } from './files/gguf.js';
import { Model } from './model.js';
import { findModel } from './paths.js';
import { ggufSource, halfSplit } from './ggufSource.js';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-'));
  path = join(folder, 'tiny.gguf');
});
afterAll(() => rmSync(folder, { recursive: true }));

const LLAMA_CPP: [RegExp, string][] = [
  [/^model\.embed_tokens/, 'token_embd'],
  [/^model\.norm/, 'output_norm'],
  [/^lm_head/, 'output'],
  [/^model\.layers\.(\d+)\.input_layernorm/, 'blk.$1.attn_norm'],
  [/^model\.layers\.(\d+)\.post_attention_layernorm/, 'blk.$1.ffn_norm'],
  [/^model\.layers\.(\d+)\.self_attn\.([qkv])_proj/, 'blk.$1.attn_$2'],
  [/^model\.layers\.(\d+)\.self_attn\.o_proj/, 'blk.$1.attn_output'],
  [/^model\.layers\.(\d+)\.mlp\.(\w+)_proj/, 'blk.$1.ffn_$2'],
];

/** Rows (i, i + d/2) of each head made neighbours, as llama.cpp's converter writes q and k. */
function interleave(rows: Float32Array, headDim: number, columns: number): Float32Array {
  const out = new Float32Array(rows.length);
  for (let row = 0; row < rows.length / columns; row++) {
    const within = row % headDim;
    const half = headDim / 2;
    const target = row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    out.set(rows.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return out;
}

async function write(
  model: Model,
  change: (file: GgufBuilder) => void = () => {},
  { to = path, keep = () => true }: { to?: string; keep?: (name: string) => boolean } = {},
): Promise<void> {
  const { config } = model;
  const file = new GgufBuilder()
    .value('general.architecture', 'string', 'llama')
    .value('llama.embedding_length', 'u32', config.hiddenSize)
    .value('llama.feed_forward_length', 'u32', config.intermediateSize)
    .value('llama.block_count', 'u32', config.layers)
    .value('llama.attention.head_count', 'u32', config.heads)
    .value('llama.attention.head_count_kv', 'u32', config.kvHeads)
    .value('llama.attention.key_length', 'u32', config.headDim)
    .value('llama.rope.dimension_count', 'u32', config.headDim)
    .value('llama.attention.layer_norm_rms_epsilon', 'f32', config.rmsNormEps)
    .value('llama.rope.freq_base', 'f32', config.ropeTheta)
    .value('llama.context_length', 'u32', config.maxPositions)
    .value('tokenizer.ggml.eos_token_id', 'u32', 2);
  for (const { name, shape, weight } of model.parameters()) {
    const tensor = weight instanceof Weight ? weight.rows() : weight.value.retain();
    let values = (await tensor.read()) as Float32Array;
    tensor.dispose();
    if (/[qk]_proj/.test(name)) values = interleave(values, config.headDim, shape[1] ?? 1);
    const own = LLAMA_CPP.reduce((text, [pattern, to]) => text.replace(pattern, to), name);
    if (keep(own))
      file.tensor(
        own,
        0,
        [...shape].reverse(),
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      );
  }
  change(file);
  writeFileSync(to, file.bytes());
}

const batch = TreeBatch.from([{ tokens: [1, 7, 30, 4, 12, 5, 6, 2], targets: [[1, 8]] }]);

describe('a GGUF file', () => {
  it('gives the model it was made from, rotation included', async () => {
    for (const tieWordEmbeddings of [true, false]) {
      const model = tinyModel({ tieWordEmbeddings, qkvBias: true, oBias: true });
      await write(model);
      const again = await Model.load(path);
      expect(again.config).toMatchObject({ ...tinyConfig, tieWordEmbeddings });
      expect(again.dtype).toBe('float32');
      expect(await again.view().score(batch)).toEqual(await model.view().score(batch));
      model.dispose();
      again.dispose();
    }
  });

  it("gives Llama 3's scaling from its divisors, and refuses others", async () => {
    const shape = { ...tinyConfig, ropeTheta: 500000 };
    const model = tinyModel(shape);
    const ropeScaling: RopeScaling = {
      type: 'llama3',
      factor: 32,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 8192,
    };
    const scaled = inverseFrequencies({ ...shape, ropeScaling });
    const divisors = Float32Array.from(inverseFrequencies(shape), (f, i) => f / scaled[i]);
    const put = (values: Float32Array) =>
      write(model, (file) => file.tensor('rope_freqs.weight', 0, [4], new Uint8Array(values.buffer)));
    await put(divisors);
    expect(ggufSource(path).config.ropeScaling).toEqual(ropeScaling);
    await put(Float32Array.from([1, 1, 1, 1]));
    expect(ggufSource(path).config.ropeScaling).toBeUndefined();
    await put(Float32Array.from([1, 2, 4, 8]));
    expect(() => ggufSource(path)).toThrow(/rope_freqs.weight as Llama 3's scaling/);
    model.dispose();
  });

  it('is refused with tensors or a layout we do not compute', async () => {
    const model = tinyModel();
    const refused = async (change: (file: GgufBuilder) => void, message: RegExp) => {
      await write(model, change);
      expect(() => ggufSource(path)).toThrow(FileFormatError);
      expect(() => ggufSource(path)).toThrow(message);
    };
    await refused(
      (file) => file.tensor('blk.0.attn_q_norm.weight', 0, [8], new Uint8Array(32)),
      /attn_q_norm/,
    );
    await refused((file) => file.value('llama.expert_count', 'u32', 8), /dense model/);
    await refused((file) => file.value('llama.rope.scaling.type', 'string', 'longrope'), /received longrope/);
    await refused(
      (file) => file.value('llama.vocab_size', 'u32', 60),
      /shape \[60, 16\], .*received shape \[50, 16\]/,
    );
    model.dispose();
  });
});

describe('keys of a GGUF file', () => {
  const told: string[] = [];
  const configWith = async (change: (file: GgufBuilder) => void) => {
    const model = tinyModel();
    await write(model, change);
    model.dispose();
    told.length = 0;
    return ggufSource(path, (message) => told.push(message)).config;
  };

  // As llama.cpp reads them (llama-model.cpp, load_hparams).
  it.each<[string, (file: GgufBuilder) => void, RopeScaling | undefined]>([
    ['a factor alone', (f) => f.value('llama.rope.scaling.factor', 'f32', 4), { type: 'linear', factor: 4 }],
    ['its old name', (f) => f.value('llama.rope.scale_linear', 'f32', 2), { type: 'linear', factor: 2 }],
    [
      'both names',
      (f) => f.value('llama.rope.scale_linear', 'f32', 2).value('llama.rope.scaling.factor', 'f32', 4),
      { type: 'linear', factor: 4 },
    ],
    ['a factor of 0', (f) => f.value('llama.rope.scaling.factor', 'f32', 0), undefined],
    ['linear without a factor', (f) => f.value('llama.rope.scaling.type', 'string', 'linear'), undefined],
    [
      'none with a factor',
      (f) =>
        f.value('llama.rope.scaling.type', 'string', 'none').value('llama.rope.scaling.factor', 'f32', 4),
      undefined,
    ],
  ])('scale rotation: %s', async (_, change, expected) => {
    expect((await configWith(change)).ropeScaling).toEqual(expected);
  });

  it.each<[string, (file: GgufBuilder) => void, RegExp]>([
    [
      'a negative factor',
      (f) => f.value('llama.rope.scaling.factor', 'f32', -2),
      /a positive .*factor, received -2/,
    ],
    [
      'divisors and a factor',
      (f) =>
        f
          .value('llama.rope.scaling.factor', 'f32', 4)
          .tensor('rope_freqs.weight', 0, [4], new Uint8Array(Float32Array.of(1, 2, 4, 8).buffer)),
      /rope_freqs.weight or a rope scaling factor, received both/,
    ],
    [
      "DeepSeek's yarn",
      (f) =>
        f
          .value('llama.rope.scaling.type', 'string', 'yarn')
          .value('llama.rope.scaling.yarn_log_multiplier', 'f32', 0.1),
      /no rope.scaling.yarn_log_multiplier/,
    ],
  ])('refuse %s', async (_, change, message) => {
    await expect(configWith(change)).rejects.toThrow(message);
  });

  it('name no token by -1, of whatever type', async () => {
    const config = await configWith((file) =>
      file
        .value('tokenizer.ggml.bos_token_id', 'u32', 2 ** 32 - 1)
        .value('tokenizer.ggml.eot_token_id', 'i32', -1)
        .value('tokenizer.ggml.padding_token_id', 'u32', 2 ** 32 - 1),
    );
    expect(config).toMatchObject({ bosTokenId: undefined, padTokenId: undefined, eosTokenIds: [2] });
    expect(told).toEqual([]);
    expect(
      (await configWith((f) => f.value('tokenizer.ggml.padding_token_id', 'u32', 50))).padTokenId,
    ).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/pad token 50 is past the 50 rows/)]);
  });

  it('leave the tokens that pad the vocabulary out of the tokenizer', async () => {
    const tokens = ['a', 'b', '[PAD2]', '<|end|>', '[PAD4]', '[PAD5]'];
    await configWith((file) =>
      file
        .value('tokenizer.ggml.model', 'string', 'gpt2')
        .value('tokenizer.ggml.pre', 'string', 'gpt-2')
        .list('tokenizer.ggml.tokens', 'string', tokens)
        .list('tokenizer.ggml.token_type', 'i32', [1, 1, 5, 3, 5, 5])
        .list('tokenizer.ggml.merges', 'string', []),
    );
    const tokenizer = await ggufSource(path).tokenizer();
    expect(tokenizer?.vocabSize).toBe(4);
    expect(tokenizer?.isControl(3)).toBe(true);
  });

  it('refuse a type that is not read before memory is asked for, with those that are', async () => {
    const model = tinyModel();
    for (const [number, name, bytes] of [
      [16, 'IQ2_XXS', 66],
      [29, 'IQ1_M', 56],
      [35, 'TQ2_0', 66],
      [39, 'MXFP4', 136],
      [77, 'type 77', 1000],
    ] as const) {
      const keep = (own: string) => own !== 'blk.1.ffn_down.weight';
      const change = (file: GgufBuilder) =>
        file
          .tensor('blk.1.ffn_down.weight', number, [256, 1], new Uint8Array(bytes))
          .tensor('another', 0, [1], new Uint8Array(4));
      await write(model, change, { keep });
      // Its shape is not that of the config; what shows first is told.
      expect(() => ggufSource(path)).toThrow(/of shape \[16, 24\], by the config, received shape \[1, 256\]/);
      const type = readGguf(path).tensors.get('blk.1.ffn_down.weight')?.type;
      expect(type).toBe(name);
    }
    await write(model, (file) => file.tensor('blk.1.ffn_down.weight', 77, [24, 16], new Uint8Array(9)), {
      keep: (own) => own !== 'blk.1.ffn_down.weight',
    });
    expect(() => ggufSource(path)).toThrow(
      /'blk.1.ffn_down.weight' of type F32, F16, BF16, Q8_0, .*received type 77\nTake a file of one of these types/,
    );
    model.dispose();
  });
});

describe('a GGUF model in shards', () => {
  const shard = (no: number, count = 3) =>
    join(folder, `m-${String(no).padStart(5, '0')}-of-0000${count}.gguf`);
  const parts = [/^token_embd|^blk\.0/, /^blk\.1/, /^output/];
  const describeShard =
    (no: number, { count = 3, tensors = 21 } = {}) =>
    (file: GgufBuilder) =>
      file
        .value('split.no', 'u16', no)
        .value('split.count', 'u16', count)
        .value('split.tensors.count', 'i32', tensors);

  it('is read whole, whichever of them is given, or refused by split.count', async () => {
    const model = tinyModel({ tieWordEmbeddings: false });
    const right = await model.view().score(batch);
    for (const [no, part] of parts.entries())
      await write(model, describeShard(no), { to: shard(no + 1), keep: (own) => part.test(own) });
    for (const given of [shard(1), shard(2)]) {
      const again = await Model.load(given);
      expect(again.config.tieWordEmbeddings).toBe(false);
      expect(await again.view().score(batch)).toEqual(right);
      again.dispose();
    }
    rmSync(path, { force: true });
    expect(findModel(folder)).toEqual({ kind: 'gguf', path: shard(1) });

    renameSync(shard(3), join(folder, 'aside'));
    expect(() => ggufSource(shard(1))).toThrow(
      /all 3 shards of the model beside it \(split.count 3\), received no m-00003-of-00003.gguf\nDownload/,
    );
    const head = (own: string) => parts[2].test(own);
    await write(model, describeShard(2, { count: 4 }), { to: shard(3), keep: head });
    expect(() => ggufSource(shard(1))).toThrow(/m-00003-of-00003.gguf: expected split.count 3, received 4/);
    await write(model, describeShard(1), { to: shard(3), keep: head });
    expect(() => ggufSource(shard(1))).toThrow(/expected split.no 2, received 1/);
    await write(model, describeShard(2), { to: shard(3), keep: (own) => own === 'output.weight' });
    expect(() => ggufSource(shard(1))).toThrow(/split.tensors.count 21 tensors in 3 shards, received 20/);
    await write(model, describeShard(2), { to: shard(3), keep: (own) => own === 'blk.1.ffn_up.weight' });
    expect(() => ggufSource(shard(1))).toThrow(/'blk.1.ffn_up.weight' in one shard/);
    for (const no of [1, 2, 3]) rmSync(shard(no));
    model.dispose();
  });

  it('is refused where names and keys do not agree', async () => {
    const model = tinyModel({ tieWordEmbeddings: false });
    const lone = join(folder, 'lone.gguf');
    await write(model, describeShard(0), { to: lone });
    expect(() => ggufSource(lone)).toThrow(/a name NAME-0000N-of-00003.gguf, as split.count is 3/);
    // What the other shard would hold may be what a tied model lacks.
    await write(model, () => {}, { to: shard(1, 2), keep: (own) => own !== 'output.weight' });
    expect(() => ggufSource(shard(1, 2))).toThrow(/split.count 2, as the name says .*received none/);
    await write(model, describeShard(0, { count: 1 }), { to: lone });
    expect(ggufSource(lone).config.layers).toBe(2);
    rmSync(lone);
    rmSync(shard(1, 2));
    model.dispose();
  });
});

describe('halfSplit', () => {
  it('undoes the interleaving of each head', () => {
    const rows = Float32Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
    expect(halfSplit(interleave(rows, 4, 3), 2, 4)).toEqual(rows);
    expect([...halfSplit(new Float32Array([0, 1, 2, 3]), 1, 4)]).toEqual([0, 2, 1, 3]);
  });
});
