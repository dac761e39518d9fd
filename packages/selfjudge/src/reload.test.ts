// Reloading a model: one model's memory at any time, and what is left when it fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adapter, type AdapterConfig } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, type Model } from './index.js';

let dir: string;
let base: string;
/** Bytes of the largest tensor: what loading one more takes while it is packed. */
let largest: number;
const probe = { prompt: 'Name 3?', completion: 'Yes.' };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'selfjudge-reload-'));
  base = join(dir, 'base');
  const model = byteModel();
  await model.save(base);
  largest = Math.max(...[...model.parameters()].map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1)));
  model.dispose();
});
afterAll(() => rm(dir, { recursive: true }));

const open = () => loadModel(base, { dtype: 'float32' });
const memoryOf = (model: Model) => model.opened.model.device.memory();

/** The most that was live during a reload, and what was live before. */
async function peakOf(model: Model): Promise<{ before: number; peak: number }> {
  const { device } = model.opened.model;
  await device.sync();
  const before = device.memory().live;
  device.resetPeak();
  await model.reload(base);
  await device.sync();
  return { before, peak: device.memory().peak };
}

describe('Model.reload', () => {
  it('has room for one model, and for the tensor that is on its way', async () => {
    const model = await open();
    const { before, peak } = await peakOf(model);
    expect(before).toBeGreaterThan(2 * largest);
    expect(peak).toBeLessThanOrEqual(before + largest);
    expect(memoryOf(model).live).toBe(before);
    model.dispose();
  });

  it('has no room for masters and gradients beside what is read', async () => {
    const model = await open();
    const frozen = memoryOf(model).live;
    const { size } = model.opened.model.makeTrainable();
    const { before, peak } = await peakOf(model);
    expect(before).toBeGreaterThanOrEqual(frozen + 2 * 4 * size);
    expect(peak).toBe(before);
    expect(memoryOf(model).live).toBe(frozen);
    model.dispose();
  });

  it('opens an adapter with its own base, of whatever shape', async () => {
    const other = byteModel({ config: { hiddenSize: 48, layers: 1 } });
    const config: AdapterConfig = { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] };
    const [wider, adapted] = ['wider', 'adapted'].map((name) => join(dir, name));
    await other.save(wider);
    const adapter = Adapter.init(other, config, 1);
    await adapter.save(adapted);
    const model = await open();
    await model.reload(adapted);
    expect(model.opened.model.config.hiddenSize).toBe(48);
    expect(model.opened.adapter?.base).toBe(wider);
    for (const one of [adapter, other, model]) one.dispose();
  });

  it('leaves the model as it was when there is no model', async () => {
    const model = await open();
    const scores = await model.score([probe]);
    await expect(model.reload(join(dir, 'nothing'))).rejects.toThrow('nothing there');
    expect(model.path).toBe(base);
    expect(await model.score([probe])).toEqual(scores);
    model.dispose();
  });

  it('says that the model is over when reading failed half-way, and keeps nothing', async () => {
    const model = await open();
    const { device } = model.opened.model;
    const path = join(dir, 'damaged');
    await model.save(path);
    const file = join(path, 'model.safetensors');
    const { live } = device.memory();
    const whole = await open();
    const held = device.memory().live - live;
    whole.dispose();
    // The last value is no number: it is met when its tensor is read, after those before it.
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length - 4);
    writeFileSync(file, bytes);
    await expect(model.reload(path)).rejects.toThrow(/model\.safetensors/);
    expect(device.memory().live).toBe(live - held);
    await expect(model.score([probe])).rejects.toMatchObject({ code: 'SJ_DISPOSED' });
    model.dispose();
  });
});
