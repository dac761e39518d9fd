import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Weight } from '../tensor/weight.js';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { tinyConfig, tinyModel } from '@selfjudge/testing/tinyModel';
import { inverseFrequencies, type RopeScaling } from './rope.js';
import { LlamaModel } from './llama.js';
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

async function write(model: LlamaModel, change: (file: GgufBuilder) => void = () => {}): Promise<void> {
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
    file.tensor(
      own,
      0,
      [...shape].reverse(),
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }
  change(file);
  writeFileSync(path, file.bytes());
}

const batch = TreeBatch.from([{ tokens: [1, 7, 30, 4, 12, 5, 6, 2], targets: [[1, 8]] }]);

describe('a GGUF file', () => {
  it('gives the model it was made from, rotation included', async () => {
    for (const tieWordEmbeddings of [true, false]) {
      const model = tinyModel({ tieWordEmbeddings, attentionBias: true });
      await write(model);
      const again = await LlamaModel.load(path);
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

describe('halfSplit', () => {
  it('undoes the interleaving of each head', () => {
    const rows = Float32Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
    expect(halfSplit(interleave(rows, 4, 3), 2, 4)).toEqual(rows);
    expect([...halfSplit(new Float32Array([0, 1, 2, 3]), 1, 4)]).toEqual([0, 2, 1, 3]);
  });
});
