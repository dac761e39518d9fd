import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { tinyConfig } from '@selfjudge/testing/tinyModel';
import { TreeBatch } from '../tensor/treeBatch.js';
import { parameterSpecs } from './config.js';
import { writeSafetensors } from './files/writeSafetensors.js';
import { folderSource } from './folderSource.js';
import { configToHf } from './hfConfig.js';
import { Model } from './model.js';

const parent = mkdtempSync(join(tmpdir(), 'folder-'));
afterAll(() => rmSync(parent, { recursive: true }));
let folder: string;
let made = 0;
beforeEach(() => mkdirSync((folder = join(parent, String(made++)))));

type Tensors = Record<string, { shape: number[]; values: Float32Array }>;

const untied = { ...tinyConfig, tieWordEmbeddings: false };

/** All of an untied model, each value its own. */
function tensorsOf(config = untied): Tensors {
  let n = 0;
  return Object.fromEntries(
    [...parameterSpecs(config)].map(({ name, shape }) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.sin(n++));
      return [name, { shape, values }];
    }),
  );
}

async function write(tensors: Tensors, { file = 'model.safetensors', dtype = 'F32' as 'F32' | 'BF16' } = {}) {
  const list = Object.entries(tensors).map(([name, { shape, values }]) => ({
    name,
    dtype,
    shape,
    values: () => values,
  }));
  await writeSafetensors(join(folder, file), list);
}

const writeConfig = (change: Record<string, unknown> = {}) =>
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...configToHf(untied, 'float32'), ...change }));

function open() {
  const warnings: string[] = [];
  return { ...folderSource(folder, (message) => warnings.push(message)), warnings };
}

const without = (tensors: Tensors, name = HEAD): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([own]) => own !== name));
const TABLE = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

const batch = TreeBatch.from([{ tokens: [1, 7, 30, 4, 12, 5, 6, 2], targets: [[1, 8]] }]);
async function scored(warnings: string[] = []): Promise<Float32Array> {
  const model = await Model.load(folder, { onWarning: (message) => warnings.push(message) });
  const scores = await model.view().score(batch);
  model.dispose();
  return scores;
}

describe('a folder whose config says tied', () => {
  it('keeps a head that differs from the table, and says so', async () => {
    const tensors = tensorsOf();
    await write(tensors);
    writeConfig();
    const right = await scored();
    writeConfig({ tie_word_embeddings: true });
    const warnings: string[] = [];
    expect(await scored(warnings)).toEqual(right);
    expect(warnings).toEqual([
      expect.stringMatching(/'lm_head.weight' differs from .*tie_word_embeddings: true/),
    ]);
    await write(without(tensors));
    expect(await scored(warnings)).not.toEqual(right);
    expect(warnings).toHaveLength(1);
  });

  it('takes a head that is the table for it, of whatever dtype, and a head alone', async () => {
    const tensors = tensorsOf();
    await write(without(tensors));
    writeConfig({ tie_word_embeddings: true });
    const right = await scored();
    tensors[HEAD] = tensors[TABLE];
    await write(tensors);
    expect(open()).toMatchObject({ warnings: [], config: { tieWordEmbeddings: true } });
    await write(without(tensors, TABLE));
    expect(open()).toMatchObject({ warnings: [], config: { tieWordEmbeddings: true } });
    expect(await scored()).toEqual(right);
    const whole = Float32Array.from(tensors[TABLE].values, (_, i) => (i % 7) - 3);
    const same = { shape: tensors[TABLE].shape, values: whole };
    await write({ ...without(tensors), [TABLE]: same });
    await write({ [HEAD]: same }, { file: 'head.safetensors', dtype: 'BF16' });
    const map = Object.fromEntries(Object.keys(tensors).map((name) => [name, 'table.safetensors']));
    writeFileSync(join(folder, 'table.safetensors'), readFileSync(join(folder, 'model.safetensors')));
    rmSync(join(folder, 'model.safetensors'));
    writeFileSync(
      join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { ...map, [HEAD]: 'head.safetensors' } }),
    );
    expect(open()).toMatchObject({ warnings: [], config: { tieWordEmbeddings: true } });
  });
});

describe('a folder with more or less than its config says', () => {
  it('names tensors that are not used, and drops rotary buffers without a word', async () => {
    const more = { shape: [2], values: new Float32Array(2) };
    const tensors = tensorsOf();
    writeConfig();
    await write({ ...tensors, 'model.layers.0.self_attn.rotary_emb.inv_freq': more });
    expect(open().warnings).toEqual([]);
    await write({ ...tensors, 'score.weight': more, 'model.layers.1.self_attn.q_proj.bias': more });
    expect(open().warnings).toEqual([
      expect.stringMatching(/2 tensors \('model.layers.1.self_attn.q_proj.bias', 'score.weight'\) not used/),
    ]);
  });

  it('refuses what is missing, with what stands in its place', async () => {
    const { 'model.layers.1.mlp.up_proj.weight': matrix, ...rest } = tensorsOf();
    writeConfig();
    await write(rest);
    expect(open).toThrow(/'model.layers.1.mlp.up_proj.weight' of shape .*received no such tensor/);
    await write({ ...rest, 'model.layers.1.mlp.up_proj.parametrizations.weight.original1': matrix });
    expect(open).toThrow(/no such tensor, but 1 tensor \('model.layers.1.mlp.up_proj.parametrizations/);
    await write(without(tensorsOf()));
    expect(open).toThrow(/'lm_head.weight' of shape \[50, 16\].*no such tensor/);
  });

  it('reads a base model, whose names begin without `model.`', async () => {
    const tensors = tensorsOf();
    writeConfig();
    await write(tensors);
    const right = await scored();
    await write(Object.fromEntries(Object.entries(tensors).map(([n, t]) => [n.replace(/^model\./, ''), t])));
    expect(await scored()).toEqual(right);
  });

  it('reads all that its shards hold, and names shards that nobody names', async () => {
    const tensors = tensorsOf();
    writeConfig();
    await write(tensors);
    const right = await scored();
    rmSync(join(folder, 'model.safetensors'));
    const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    await write(without(tensors), { file: one });
    await write({ [HEAD]: tensors[HEAD] }, { file: two });
    const index = (map: Record<string, string>) =>
      writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    index({ [TABLE]: one, [HEAD]: two });
    expect(await scored()).toEqual(right);
    index({ [TABLE]: one });
    expect(open).toThrow(/'lm_head.weight'/);
    index({ [TABLE]: one, [HEAD]: 'model-00003-of-00003.safetensors' });
    expect(open).toThrow(
      /the shard model-00003-of-00003.safetensors beside the index, received nothing there/,
    );
    await write(tensors);
    expect(open().warnings).toEqual([
      expect.stringMatching(/2 files \('model-00001-of-00002.safetensors', .*\) beside it not used/),
    ]);
    await write({ [TABLE]: tensors[TABLE] }, { file: two });
    rmSync(join(folder, 'model.safetensors'));
    index({ [TABLE]: one, 'model.norm.weight': one });
    expect(open).toThrow(/lm_head/);
    index({ 'model.norm.weight': one, [TABLE]: two });
    expect(open).toThrow(/'model.embed_tokens.weight' in one shard/);
  });
});

describe('a folder without weights that can be read', () => {
  it('says what there is and what to do', () => {
    writeConfig();
    expect(open).toThrow(/model.safetensors or model.safetensors.index.json in the folder, received neither/);
    writeFileSync(join(folder, 'pytorch_model.bin'), 'PK');
    expect(open).toThrow(/received 1 other file \('pytorch_model.bin'\)\nPickled .*save_pretrained/);
  });

  it('knows a pointer of Git LFS', () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:5a5a\nsize 538090408\n';
    writeConfig();
    writeFileSync(join(folder, 'model.safetensors'), pointer);
    expect(open).toThrow(FileFormatError);
    expect(open).toThrow(/model.safetensors: .* a Git LFS pointer.*\n.*`git lfs pull`/s);
    writeFileSync(join(folder, 'config.json'), pointer);
    expect(open).toThrow(/config.json: .* a Git LFS pointer/s);
  });

  it.each([
    [{ quant_method: 'gptq', bits: 4 }, /received GPTQ of 4 bits\nTake the model that it was made of/],
    [{ quant_method: 'awq', bits: 4 }, /received AWQ of 4 bits/],
    [{ quant_method: 'fp8' }, /received FP8/],
    [{ quant_method: 'compressed-tensors' }, /received compressed-tensors/],
    [{ quant_method: 'bitsandbytes', load_in_8bit: true }, /received bitsandbytes 8-bit/],
    [{ quant_method: 'tomorrow' }, /received tomorrow/],
    [{ bits: 4 }, /received \{"bits":4\} of 4 bits/],
  ])('refuses by name weights quantised as %o', async (quantization_config, message) => {
    writeConfig({ quantization_config });
    await write(tensorsOf());
    expect(open).toThrow(message);
  });

  it('knows quantised weights by their names too', async () => {
    const rest = without(tensorsOf(), 'model.layers.0.mlp.up_proj.weight');
    writeConfig();
    await write({
      ...rest,
      'model.layers.0.mlp.up_proj.qweight': { shape: [1], values: new Float32Array(1) },
    });
    expect(open).toThrow(/received GPTQ or AWQ \('model.layers.0.mlp.up_proj.qweight'\)/);
  });

  it('reads weights that are not packed though the config says so, with a word', async () => {
    writeConfig({ quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } });
    await write(tensorsOf());
    expect(open().warnings).toEqual([
      expect.stringMatching(/says bitsandbytes 4-bit, but the weights are not packed/),
    ]);
  });
});

describe('weights that are not finite', () => {
  it.each([
    ['F32', NaN, 'NaN'],
    ['F32', Infinity, '\\+inf'],
    ['BF16', -Infinity, '-inf'],
    ['BF16', NaN, 'NaN'],
  ] as const)('are refused by tensor and place: %s %f', async (dtype, value, text) => {
    const tensors = tensorsOf();
    for (const { values } of Object.values(tensors))
      values.forEach((x, i) => (values[i] = Math.round(4 * x)));
    tensors['model.layers.1.mlp.up_proj.weight'].values[3 * 16 + 5] = value;
    writeConfig();
    await write(tensors, { dtype });
    await expect(Model.load(folder)).rejects.toThrow(
      new RegExp(`finite values in 'model.layers.1.mlp.up_proj.weight', received ${text} at \\[3, 5\\]`),
    );
  });
});

describe('the fingerprint of a model', () => {
  const fingerprint = async (options = {}) => {
    const model = await Model.load(folder, options);
    model.dispose();
    return model.fingerprint;
  };

  it('is of contents, not of files, shards or what they are computed in', async () => {
    const tensors = tensorsOf();
    writeConfig();
    await write(tensors);
    const first = await fingerprint();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(await fingerprint({ dtype: 'bf16' })).toBe(first);
    const { values } = tensors['model.layers.1.mlp.up_proj.weight'];
    const last = values.length - 1;
    values[last] = -values[last];
    await write(tensors);
    expect(await fingerprint()).not.toBe(first);
    values[last] = -values[last];
    await write(Object.fromEntries(Object.entries(tensors).toReversed()));
    expect(await fingerprint()).toBe(first);
  });
});
