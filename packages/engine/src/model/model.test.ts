import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import { Device } from '../tensor/device.js';
import { Tape } from '../tensor/tape.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { gradientError } from '@selfjudge/testing/gradientError';
import { byteTokenizer } from '@selfjudge/text';
import { tinyConfig, tinyModel } from '@selfjudge/testing/tinyModel';
import { Safetensors } from './files/safetensors.js';
import { upperHalves, writeSafetensors } from './files/writeSafetensors.js';
import { Model } from './model.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const prompt = [1, 7, 30, 4, 12];
const batch = TreeBatch.from([
  { tokens: [...prompt, 5, 6, 2], targets: [[5, 8]] },
  { tokens: [...prompt, 5, 9, 11, 2], targets: [[5, 9]] },
  { tokens: prompt, candidates: [{ position: 4, labels: [3, 8] }] },
]);

/** Every tensor of the model as bits. */
async function bits(model: Model): Promise<Map<string, Uint32Array>> {
  const all = new Map<string, Uint32Array>();
  for (const { name, weight } of model.parameters()) {
    const tensor = 'packed' in weight ? weight.rows() : weight.value.retain();
    all.set(name, new Uint32Array((await tensor.read()).buffer));
    tensor.dispose();
  }
  return all;
}

describe('Model', () => {
  for (const dtype of ['float32', 'bf16'] as const) {
    it(`saves and loads ${dtype} bit-equal`, async () => {
      const model = tinyModel({ tieWordEmbeddings: false, qkvBias: true, oBias: true }, dtype);
      const path = join(folder, dtype);
      await model.save(path);
      let last = 0;
      const again = await Model.load(path, { onProgress: (done, total) => (last = done / total) });
      expect(last).toBe(1);
      expect(again.dtype).toBe(dtype);
      expect(again.config).toMatchObject(model.config);
      expect(await bits(again)).toEqual(await bits(model));
      expect(await again.view().score(batch)).toEqual(await model.view().score(batch));
      model.dispose();
      again.dispose();
    });
  }

  it('loads shards', async () => {
    const model = tinyModel();
    const path = join(folder, 'sharded');
    await model.save(path);
    const whole = Safetensors.openIn(path, 'model');
    const map: Record<string, string> = {};
    const shards = [0, 1].map((i) => `model-0000${i + 1}-of-00002.safetensors`);
    for (const [i, shard] of shards.entries()) {
      const part = [...whole.tensors].filter((_, j) => j % 2 === i);
      for (const [name] of part) map[name] = shard;
      await writeSafetensors(
        join(path, shard),
        part.map(([name, { shape }]) => ({
          name,
          dtype: 'F32',
          shape,
          values: () => whole.read(name).data as Float32Array,
        })),
      );
    }
    rmSync(join(path, 'model.safetensors'));
    writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    const again = await Model.load(path);
    expect(await bits(again)).toEqual(await bits(model));
    model.dispose();
    again.dispose();
  });

  it('refuses a config that does not fit the tensors', async () => {
    const model = tinyModel();
    const path = join(folder, 'wrong');
    await model.save(path);
    model.dispose();
    const other = tinyModel({ vocabSize: 51, qkvBias: true, oBias: true });
    await other.save(join(folder, 'other'));
    other.dispose();
    writeFileSync(join(path, 'model.safetensors'), '');
    await expect(Model.load(path)).rejects.toThrow(FileFormatError);
    copyFileSync(join(folder, 'other', 'model.safetensors'), join(path, 'model.safetensors'));
    await expect(Model.load(path)).rejects.toThrow(
      /'model.embed_tokens.weight' of shape \[50, 16\], by the config, received shape \[51, 16\]/,
    );
  });

  it('refuses a tokenizer with more ids than it has embeddings', async () => {
    const dir = join(folder, 'foreign');
    const model = tinyModel();
    await model.save(dir);
    const tokenizer = byteTokenizer();
    expect(tokenizer.vocabSize).toBeGreaterThan(model.config.vocabSize);
    model.dispose();
    await tokenizer.save(dir);
    await expect(Model.load(dir)).rejects.toThrow(/tokenizer belongs to another model/);
  });

  it('gives each path the same bits alone and in a tree', async () => {
    for (const dtype of ['float32', 'bf16'] as const) {
      const model = tinyModel({}, dtype);
      const together = await model.view().score(batch);
      const alone: number[] = [];
      for (const tokens of [
        [...prompt, 5, 6, 2],
        [...prompt, 5, 9, 11, 2],
      ]) {
        const one = TreeBatch.from([{ tokens, targets: [[5, tokens.length]] }]);
        alone.push(...(await model.view().score(one)));
      }
      expect([...together.subarray(0, 7)]).toEqual(alone);
      model.dispose();
    }
  });

  it('gives probabilities that sum to 1 over the vocabulary', async () => {
    const model = tinyModel();
    const labels = Array.from({ length: tinyConfig.vocabSize }, (_, i) => i);
    const logp = await model
      .view()
      .score(TreeBatch.from([{ tokens: prompt, candidates: [{ position: 4, labels }] }]));
    expect(logp.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 5);
    model.dispose();
  });

  it('refuses paths longer than its context', () => {
    const model = tinyModel();
    const tokens = new Int32Array(300).fill(3);
    const long = TreeBatch.from([{ tokens, targets: [[299, 300]] }]);
    expect(() => model.view().logprobs(long)).toThrow(/at most 256 tokens/);
    model.dispose();
  });

  it('has the gradient of its finite differences', async () => {
    for (const tieWordEmbeddings of [true, false]) {
      const model = tinyModel({ tieWordEmbeddings, qkvBias: true, oBias: true, mlpBias: true });
      // Larger weights than the initial ones, so that every layer matters.
      const set = model.makeTrainable();
      const random = new Random(3);
      const start = (await set.read()).map((x) => x + 0.15 * random.normal());
      set.load(start);
      const coefficients = Float32Array.from({ length: batch.labels.label.length }, () => random.normal());
      const loss = async () =>
        (await model.view().score(batch)).reduce((sum, x, i) => sum + x * coefficients[i], 0);
      const tape = new Tape();
      set.zeroGrad();
      const output = tape.run(() => model.view().logprobs(batch));
      tape.backward(output, coefficients);
      output.dispose();
      const grad = (await set.grad.read()) as Float32Array;
      expect(await gradientError({ set, start, grad, loss, random })).toBeLessThan(1e-3);
      model.dispose();
    }
  });

  it('clones into a frozen copy that training leaves alone', async () => {
    for (const dtype of ['float32', 'bf16'] as const) {
      const model = tinyModel({ qkvBias: true, oBias: true }, dtype);
      const before = await bits(model);
      const copy = model.clone();
      const set = model.makeTrainable();
      expect(await bits(model)).toEqual(before);
      set.load((await set.read()).map((x) => x + 1));
      expect(await bits(copy)).toEqual(before);
      expect(await bits(model)).not.toEqual(before);
      model.dispose();
      copy.dispose();
    }
  });

  it('takes over the values of another model, and then computes with its bits', async () => {
    for (const dtype of ['float32', 'bf16'] as const) {
      const model = tinyModel({ qkvBias: true, oBias: true }, dtype);
      const copy = model.clone();
      const set = model.makeTrainable();
      set.load((await set.read()).map((x) => x + 0.001));
      copy.assign(set.value);
      expect(await bits(copy)).toEqual(await bits(model));
      set.load((await set.read()).map((x) => x + 1));
      expect(await bits(copy)).not.toEqual(await bits(model));
      expect(() => model.assign(set.value)).toThrow(/model: expected one that is not trained/);
      expect(() => copy.assign(set.grad.view(0, [3]))).toThrow(
        /values: expected float32 \[\d+\], received float32 \[3\]/,
      );
      model.dispose();
      copy.dispose();
    }
  });

  it('keeps norms that bf16 does not hold when a trained bf16 model is saved', async () => {
    const model = tinyModel({}, 'bf16');
    const set = model.makeTrainable();
    set.load((await set.read()).map((x) => x + 0.001));
    await model.save(join(folder, 'trained'));
    const again = await Model.load(join(folder, 'trained'));
    expect(again.dtype).toBe('bf16');
    expect(await bits(again)).toEqual(await bits(model));
    model.dispose();
    again.dispose();
  });

  it('leaves nothing on the device after dispose', async () => {
    const device = Device.open();
    await device.sync();
    const { live } = device.memory();
    const model = tinyModel();
    model.makeTrainable();
    const tape = new Tape();
    const output = tape.run(() => model.view().logprobs(batch));
    tape.backward(output, new Float32Array(output.size).fill(1));
    output.dispose();
    model.clone().dispose();
    model.dispose();
    await device.sync();
    expect(device.memory().live).toBe(live);
  });

  it('writes bf16 as the upper halves', () => {
    expect([...upperHalves(new Float32Array([1, -2]))]).toEqual([0x3f80, 0xc000]);
  });
});
