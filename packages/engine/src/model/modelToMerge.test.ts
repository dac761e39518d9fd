// Models written a tensor at a time with the adapter in them, against the log-probabilities that PEFT and transformers give.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { Device } from '../tensor/device.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Safetensors } from './files/safetensors.js';
import { writeSafetensors } from './files/writeSafetensors.js';
import { Model } from './model.js';
import { folderBytes, modelToMerge, writeModelFolder, type WriteFolderOptions } from './modelToMerge.js';
import { RewardModel } from './rewardModel.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures', import.meta.url));
const room = mkdtempSync(join(tmpdir(), 'merged-'));
afterAll(() => rmSync(room, { recursive: true }));
const at = (...names: string[]) => join(room, ...names);
const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));

const device = Device.open('cpu');
const float32: WriteFolderOptions = { dtype: 'float32', maxShardBytes: 1e9, device };

async function logprobs(model: Model, rows: number[][]): Promise<number[]> {
  const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] as [number, number][] }));
  return [...(await model.view().score(TreeBatch.from(sequences)))];
}

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
}

describe('adapters of PEFT, merged into a folder', () => {
  interface Values {
    ids: number[];
    kinds: Record<string, { base: string; logprobs: number[] }>;
  }
  const folder = join(fixtures, 'adapters');
  const { ids, kinds } = json(folder, 'values.json') as Values;

  it.each(Object.entries(kinds))('%s', async (name, { base, logprobs: want }) => {
    const merged = await modelToMerge(join(folder, base), {
      adapter: join(folder, name),
      onWarning: () => {},
    });
    const { fingerprint, files } = await writeModelFolder(at(name), merged, {
      ...float32,
      maxShardBytes: 4000,
    });
    const model = await Model.load(at(name));
    const rows = model.config.vocabSize;
    expect(furthest(await logprobs(model, [rows === 16 ? ids : [...ids, rows - 1]]), want)).toBeLessThan(
      1e-5,
    );
    expect(model.fingerprint).toBe(fingerprint);
    expect(files.length).toBeGreaterThan(1);
    model.dispose();
  });
});

describe('families, with adapters of PEFT', () => {
  const names =
    'granite granite-biased llama llama-biased mistral olmo2 qwen2 qwen3 qwen3-untied smollm3'.split(' ');
  const rows = json(fixtures, 'families/rows.json') as number[][];

  it.each(names)('%s', async (name) => {
    const folder = join(fixtures, 'families', name);
    const { adapter, scores } = json(folder, 'values.json') as { adapter: number[][]; scores?: number[] };
    const merged = await modelToMerge(folder, { adapter: join(folder, 'adapter') });
    await writeModelFolder(at(name), merged, float32);
    const model = await Model.load(at(name));
    expect(furthest(await logprobs(model, rows), adapter.flat())).toBeLessThan(1e-4);
    model.dispose();
    expect(json(at(name), 'config.json')).toEqual(json(folder, 'config.json'));
    const [own, theirs] = [at(name), folder].map((where) => Safetensors.openIn(where, 'model'));
    expect([...own.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    expect(own.metadata).toEqual({ format: 'pt' });
    const sizes = [...own.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(folderBytes(merged, 'float32')).toBe(sizes);
    if (scores === undefined) return;
    const score = await modelToMerge(join(folder, 'score'));
    await writeModelFolder(at(`${name}-score`), score, float32);
    const reward = await RewardModel.load(at(`${name}-score`));
    const batch = TreeBatch.from(rows.map((tokens) => reward.sequence(tokens)));
    expect(furthest(await reward.score(batch), scores)).toBeLessThan(1e-4);
    reward.dispose();
    expect(json(at(`${name}-score`), 'config.json')).toMatchObject({
      architectures: (json(folder, 'score', 'config.json') as { architectures: string[] }).architectures,
      pad_token_id: 0,
    });
  });

  it('the parts of a model that sees which are not computed stay as they were, byte for byte', async () => {
    const folder = join(fixtures, 'families/gemma3-sees');
    const merged = await modelToMerge(folder);
    await writeModelFolder(at('sees'), merged, { ...float32, dtype: 'bf16' });
    const [own, theirs] = [at('sees'), folder].map((where) => Safetensors.openIn(where, 'model'));
    expect([...own.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    const beside = [...theirs.tensors.keys()].filter((name) => !name.includes('language_model'));
    expect(beside.length).toBeGreaterThan(10);
    for (const name of beside)
      expect(Buffer.from(own.readBytes(name)).equals(Buffer.from(theirs.readBytes(name)))).toBe(true);
    expect(own.tensors.get('language_model.model.layers.0.mlp.up_proj.weight')?.dtype).toBe('BF16');
  });
});

describe('what is written', () => {
  const folder = join(fixtures, 'adapters/tied');

  it('has shards of at most so many bytes, and an index sorted by name', async () => {
    const merged = await modelToMerge(folder);
    const done: number[] = [];
    const { files } = await writeModelFolder(at('shards'), merged, {
      ...float32,
      maxShardBytes: 3000,
      onProgress: (bytes) => done.push(bytes),
    });
    const total = folderBytes(merged, 'float32');
    const count = String(files.length).padStart(5, '0');
    expect(files).toEqual(
      files.map((_, i) => `model-${String(i + 1).padStart(5, '0')}-of-${count}.safetensors`),
    );
    expect(done[0]).toBe(0);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    const { metadata, weight_map } = json(at('shards'), 'model.safetensors.index.json') as {
      metadata: object;
      weight_map: Record<string, string>;
    };
    expect(metadata).toEqual({ total_size: total });
    expect(Object.keys(weight_map)).toEqual(Object.keys(weight_map).sort());
    for (const file of files) {
      const { tensors } = Safetensors.open(at('shards', file));
      const bytes = [...tensors.values()].reduce((sum, one) => sum + one.bytes, 0);
      expect(bytes <= 3000 || tensors.size === 1).toBe(true);
      for (const name of tensors.keys()) expect(weight_map[name]).toBe(file);
    }
  });

  it.each([
    ['float16', 'F16', 2 ** -11],
    ['bf16', 'BF16', 2 ** -8],
  ] as const)('is rounded once to %s, norms that it does not hold excepted', async (dtype, kind, step) => {
    const merged = await modelToMerge(folder);
    const { fingerprint } = await writeModelFolder(at(dtype), merged, { ...float32, dtype });
    const [own, theirs] = [at(dtype), folder].map((where) => Safetensors.openIn(where, 'model'));
    for (const [name, tensor] of own.tensors) {
      const norm = name.endsWith('norm.weight');
      if (!norm) expect(tensor.dtype).toBe(kind);
      const { data } = own.read(name);
      const values = dtype === 'bf16' && tensor.dtype === 'BF16' ? [...data].map(widened) : data;
      theirs.read(name).data.forEach((x, i) => {
        if (norm) expect(values[i]).toBe(x);
        else expect(Math.abs(values[i] - x)).toBeLessThanOrEqual(step * Math.abs(x) + 2 ** -24);
      });
    }
    expect(json(at(dtype), 'config.json')).toMatchObject({ dtype: dtype === 'bf16' ? 'bfloat16' : dtype });
    const model = await Model.load(at(dtype));
    expect(model.fingerprint).toBe(fingerprint);
    model.dispose();
    expect((await modelToMerge(at(dtype))).source).toMatchObject({ stored: dtype, dtype: 'bf16' });
  });

  it('of a float16 base keeps what no adapter touches, bit for bit', async () => {
    const merged = await modelToMerge(at('float16'));
    await writeModelFolder(at('halves'), merged, { ...float32, dtype: merged.source.stored });
    const [own, was] = ['halves', 'float16'].map((name) => readFileSync(at(name, 'model.safetensors')));
    expect(own.equals(was)).toBe(true);
  });

  it('has a finite number for every value, or is refused by name', async () => {
    const large = at('large');
    cpSync(folder, large, { recursive: true });
    const file = Safetensors.openIn(folder, 'model');
    const tensors = [...file.tensors].map(([name, { shape }]) => {
      const data = Float32Array.from(file.read(name).data);
      if (name.includes('1.mlp.up_proj')) data[5] = 1e5;
      return { name, shape, dtype: 'F32', values: () => data };
    });
    await writeSafetensors(join(large, 'model.safetensors'), tensors);
    const merged = await modelToMerge(large);
    const half = writeModelFolder(at('refused'), merged, { ...float32, dtype: 'float16' });
    await expect(half).rejects.toThrow(FileFormatError);
    await expect(half).rejects.toThrow(
      /'model.layers.1.mlp.up_proj.weight'.* 65504 for float16, received 100000 at 5/,
    );
    await writeModelFolder(at('taken'), merged, { ...float32, dtype: 'bf16' });
  });

  it('stops where the caller says so', async () => {
    const merged = await modelToMerge(folder);
    const stop = new Error('stopped');
    const onProgress = (done: number) => {
      if (done > 1000) throw stop;
    };
    await expect(writeModelFolder(at('stopped'), merged, { ...float32, onProgress })).rejects.toBe(stop);
    expect(readdirSync(at('stopped')).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
  });

  it("of an adapter for rewards is the base's blocks under its head", async () => {
    const path = join(fixtures, 'reward/adapter');
    const merged = await modelToMerge(path);
    const { fingerprint } = await writeModelFolder(at('reward'), merged, float32);
    const [before, after] = [await RewardModel.load(path), await RewardModel.load(at('reward'))];
    const rows = [
      [1, 7, 14, 4],
      [1, 7, 5],
    ];
    const score = (of: RewardModel) => of.score(TreeBatch.from(rows.map((tokens) => of.sequence(tokens))));
    expect(furthest(await score(before), await score(after))).toBeLessThan(1e-5);
    expect(after.view.model.fingerprint).toBe(fingerprint);
    expect(Safetensors.openIn(at('reward'), 'model').tensors.has('lm_head.weight')).toBe(false);
    before.dispose();
    after.dispose();
  });
});

const widened = (bits: number) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
