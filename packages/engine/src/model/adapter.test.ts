import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Random } from '@selfjudge/base';
import { Tape } from '../tensor/tape.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { gradientError } from '@selfjudge/testing/gradientError';
import { tinyModel } from '@selfjudge/testing/tinyModel';
import { Adapter } from './adapter.js';
import { LINEARS } from './config.js';
import { Safetensors } from './files/safetensors.js';
import type { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { mergeAdapters } from './merge.js';

let folder: string;
let model: Model;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'adapter-'));
  model = tinyModel();
  await model.save(join(folder, 'base'));
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

const config = { r: 4, alpha: 8, dropout: 0, targetModules: [...LINEARS] };
const batch = TreeBatch.from([
  { tokens: [1, 7, 30, 4, 12, 5, 6, 2], targets: [[5, 8]] },
  { tokens: [1, 7, 30, 4, 12, 5, 9, 11, 2], targets: [[5, 9]] },
]);

/** An adapter that changes the model: B is random too. */
async function random(seed: number, change: Partial<typeof config> = {}): Promise<Adapter> {
  const adapter = Adapter.init(model, { ...config, ...change }, seed);
  const set = adapter.makeTrainable();
  const generator = new Random(seed);
  set.load((await set.read()).map((x) => x + 0.1 * generator.normal()));
  adapter.freeze();
  return adapter;
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((m, x, i) => Math.max(m, Math.abs(x - b[i])), 0);

describe('Adapter', () => {
  it('starts with A within 1/sqrt(in), B zero and the bits of the base', async () => {
    const adapter = Adapter.init(model, config, 5);
    const values = await adapter.read();
    const a = values.subarray(0, 4 * 16);
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(0.25);
    expect(Math.max(...a.map(Math.abs))).toBeGreaterThan(0.2);
    expect(values.subarray(4 * 16, 4 * 16 + 32 * 4).every((x) => x === 0)).toBe(true);
    const base = await model.view().score(batch);
    expect(await model.view([adapter]).score(batch)).toEqual(base);
    const frozen = await random(6);
    const start = await model.view([frozen]).score(batch);
    expect(furthest(start, base)).toBeGreaterThan(1e-3);
    expect(await model.view([frozen, adapter]).score(batch)).toEqual(start);
    adapter.dispose();
    frozen.dispose();
  });

  it('saves what PEFT names and loads it bit-equal, with its base', async () => {
    const adapter = await random(7, { targetModules: ['q_proj', 'v_proj', 'down_proj'] });
    const path = join(folder, 'saved');
    await adapter.save(path);
    const file = Safetensors.openIn(path, 'adapter_model');
    expect(file.tensors.get('base_model.model.model.layers.1.mlp.down_proj.lora_B.weight')?.shape).toEqual([
      16, 4,
    ]);
    expect(file.tensors.size).toBe(2 * 3 * 2);
    const { model: base, adapter: again } = await loadModelWithAdapter(path);
    expect(again?.config).toEqual(adapter.config);
    expect(await again?.read()).toEqual(await adapter.read());
    expect(await base.view([again!]).score(batch)).toEqual(await model.view([adapter]).score(batch));
    expect((await loadModelWithAdapter(join(folder, 'base'))).adapter).toBeUndefined();
    again?.dispose();
    base.dispose();
    adapter.dispose();
  });

  it('stacks several into one that computes the same', async () => {
    const one = await random(8);
    const two = await random(9, { r: 2, alpha: 6, targetModules: ['q_proj', 'up_proj'] });
    const stacked = await Adapter.stack([one, two]);
    expect(stacked.config).toMatchObject({ r: 6, alpha: 14 });
    const both = await model.view([one, two]).score(batch);
    expect(furthest(await model.view([stacked]).score(batch), both)).toBeLessThan(1e-5);
    expect(furthest(both, await model.view([one]).score(batch))).toBeGreaterThan(1e-3);
    for (const adapter of [one, two, stacked]) adapter.dispose();
  });

  it('takes over the values of another', async () => {
    const one = await random(17);
    const two = await random(18);
    const set = two.makeTrainable();
    one.assign(set.value);
    expect(await model.view([one]).score(batch)).toEqual(await model.view([two]).score(batch));
    expect(() => two.assign(set.value)).toThrow(/adapter: expected one that is not trained/);
    expect(() => one.assign(set.grad.view(0, [3]))).toThrow(
      /values: expected float32 \[\d+\], received float32 \[3\]/,
    );
    for (const adapter of [one, two]) adapter.dispose();
  });

  it('merges into a model that computes the same', async () => {
    const one = await random(15);
    const two = await random(16, { r: 2, alpha: 6, targetModules: ['q_proj', 'up_proj'] });
    const merged = await mergeAdapters(model, [one, two]);
    const both = await model.view([one, two]).score(batch);
    expect(furthest(await merged.view().score(batch), both)).toBeLessThan(1e-5);
    for (const thing of [one, two, merged]) thing.dispose();
  });

  it('has the gradient of its finite differences, beside a frozen one', async () => {
    const frozen = await random(10);
    const trained = await random(11);
    const set = trained.makeTrainable();
    const view = model.view([frozen, trained]);
    const generator = new Random(12);
    const start = await set.read();
    const tape = new Tape();
    const output = tape.run(() => view.logprobs(batch));
    tape.backward(output, new Float32Array(output.size).fill(1));
    output.dispose();
    const grad = (await set.grad.read()) as Float32Array;
    const loss = async () => (await view.score(batch)).reduce((sum, x) => sum + x, 0);
    expect(await gradientError({ set, start, grad, loss, random: generator })).toBeLessThan(1e-3);
    frozen.dispose();
    trained.dispose();
  });

  it('drops by key, and only while trained', async () => {
    const adapter = await random(13, { dropout: 0.5 });
    const view = model.view([adapter]);
    const plain = await view.score(batch);
    const score = async (key?: { seed: number; step: number }) => {
      const y = view.logprobs(batch, { dropout: key });
      const values = (await y.read()) as Float32Array;
      y.dispose();
      return values;
    };
    expect(await score({ seed: 1, step: 1 })).toEqual(plain);
    adapter.makeTrainable();
    const dropped = await score({ seed: 1, step: 1 });
    expect(dropped).not.toEqual(plain);
    expect(await score({ seed: 1, step: 1 })).toEqual(dropped);
    expect(await score({ seed: 1, step: 2 })).not.toEqual(dropped);
    expect(await score()).toEqual(plain);
    adapter.dispose();
  });

  it('refuses what is not for this model', async () => {
    const adapter = await random(14, { targetModules: ['q_proj'] });
    const path = join(folder, 'refused');
    await adapter.save(path);
    adapter.dispose();
    const wide = tinyModel({ headDim: 10 });
    await expect(Adapter.load(path, wide)).rejects.toThrow(
      /lora_B.weight' of shape \[40, 4\], by adapter_config.json, received shape \[32, 4\]/,
    );
    const shallow = tinyModel({ layers: 1 });
    await expect(Adapter.load(path, shallow)).rejects.toThrow(/layers.1.self_attn.q_proj/);
    const fits = await Adapter.load(path, model);
    expect(() => shallow.view([fits])).toThrow(/layers 1, received one for 2/);
    expect(() => model.view([fits, fits, fits])).toThrow(/at most 2/);
    const configPath = join(path, 'adapter_config.json');
    const json = JSON.parse(readFileSync(configPath, 'utf8')) as object;
    writeFileSync(configPath, JSON.stringify({ ...json, target_modules: ['q_proj', 'k_proj'] }));
    await expect(Adapter.load(path, model)).rejects.toThrow(
      /k_proj.lora_A.weight' of shape .*no such tensor/,
    );
    writeFileSync(configPath, JSON.stringify({ ...json, base_model_name_or_path: 'some/hub-id' }));
    await expect(loadModelWithAdapter(path)).rejects.toThrow(
      /base_model_name_or_path .*received some\/hub-id/,
    );
    for (const thing of [wide, shallow, fits]) thing.dispose();
  });
});
