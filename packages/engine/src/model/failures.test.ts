// What fails while a model or an adapter is made frees all that it made: at every allocation, at every command, and when
// files turn out bad in their middle.
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FaultError, OutOfMemoryError } from '@selfjudge/base';
import { tinyConfig, tinyModel } from '@selfjudge/testing/tinyModel';
import { Device } from '../tensor/device.js';
import { Adapter } from './adapter.js';
import { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { mergeAdapters } from './merge.js';

const device = Device.open('cpu');
const shape = { tieWordEmbeddings: false, qkvBias: true, oBias: true };
const lora = { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj', 'down_proj'] as const };
let folder: string;
let model: Model;
let adapters: Adapter[];
const base = () => join(folder, 'base');
const adapted = () => join(folder, 'adapter');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'failures-'));
  model = tinyModel(shape, 'bf16');
  await model.save(base());
  const config = { ...lora, targetModules: [...lora.targetModules] };
  adapters = [1, 2].map((seed) => Adapter.init(model, config, seed));
  await adapters[0].save(adapted());
  await device.sync();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  device.close();
});

interface Made {
  dispose(): void;
}

/** Live bytes after `work` failed, against those before. */
async function leak(work: () => Promise<unknown>, failure: unknown): Promise<number> {
  const { live } = device.memory();
  await expect(work()).rejects.toThrow(failure as Error);
  device.recover();
  await device.sync();
  return device.memory().live - live;
}

const makers: [name: string, make: () => Made | Promise<Made>][] = [
  ['Model.init', () => Model.init({ ...tinyConfig, ...shape }, { device, dtype: 'bf16', seed: 2 })],
  ['Model.load', () => Model.load(base(), { device })],
  [
    'loadModelWithAdapter',
    async () => {
      const { model, adapter } = await loadModelWithAdapter(adapted(), { device });
      return { dispose: () => [model, adapter!].forEach((one) => one.dispose()) };
    },
  ],
  ['Model.clone', () => model.clone()],
  [
    'Model.makeTrainable',
    () => {
      const copy = model.clone();
      try {
        copy.makeTrainable();
        return copy;
      } catch (error) {
        // It can be tried again.
        const withGradient = [...copy.parameters()].filter(({ weight }) => weight.grad !== undefined);
        expect([copy.parameterSet, ...withGradient]).toEqual([undefined]);
        copy.dispose();
        throw error;
      }
    },
  ],
  ['mergeAdapters', () => mergeAdapters(model, adapters)],
  ['Adapter.init', () => Adapter.init(model, adapters[0].config, 3)],
  ['Adapter.load', () => Adapter.load(adapted(), model)],
  ['Adapter.stack', () => Adapter.stack(adapters)],
  [
    'Adapter#makeTrainable',
    () => {
      const adapter = Adapter.init(model, adapters[0].config, 3);
      try {
        adapter.makeTrainable();
        return adapter;
      } catch (error) {
        expect(adapter.trained).toBe(false);
        adapter.dispose();
        throw error;
      }
    },
  ],
];

describe.each(makers)('%s', (_, make) => {
  const failing = async (what: 'allocations' | 'commands', kind: unknown) => {
    let failures = 0;
    for (let at = 1; ; at++) {
      const { live } = device.memory();
      let made: Made | undefined;
      let error: unknown;
      try {
        // A command that fails is waited for, so that whatever comes next meets its fault.
        device.native.failAfter({ [what]: at, wait: true });
        made = await make();
        await device.sync();
      } catch (caught) {
        error = caught;
      } finally {
        device.native.failAfter({});
      }
      // Of the last command the maker may not have known.
      made?.dispose();
      if (error === undefined) break;
      expect(error).toBeInstanceOf(kind);
      device.recover();
      await device.sync();
      expect(device.memory().live, `after failure ${at}`).toBe(live);
      failures++;
    }
    return failures;
  };

  it('leaves nothing when memory is out', async () => {
    expect(await failing('allocations', OutOfMemoryError)).toBeGreaterThan(0);
  });

  it('leaves nothing when a command fails', async () => {
    expect(await failing('commands', FaultError)).toBeGreaterThan(0);
  });
});

describe('Model.load', () => {
  const damaged = async (name: string) => {
    const path = join(folder, name);
    await model.save(path);
    model.source = base();
    return { path, file: join(path, 'model.safetensors') };
  };

  it('leaves nothing of a file that ends in its middle', async () => {
    const { path, file } = await damaged('truncated');
    const beforeWeights = () => truncateSync(file, statSync(file).size / 2);
    expect(await leak(() => Model.load(path, { beforeWeights }), /expected/)).toBe(0);
  });

  it('leaves nothing of a file whose last tensor is of a kind no model has', async () => {
    const { path, file } = await damaged('integers');
    const bytes = readFileSync(file);
    const at = bytes.lastIndexOf('"dtype":"BF16"');
    expect(at).toBeGreaterThan(0);
    bytes.write('"dtype":"I16" ', at);
    writeFileSync(file, bytes);
    expect(await leak(() => Model.load(path), /I16/)).toBe(0);
  });

  it('leaves nothing when the caller ends it', async () => {
    const onProgress = (done: number, total: number) => {
      if (done > total / 2) throw new Error('enough');
    };
    expect(await leak(() => Model.load(base(), { onProgress }), /enough/)).toBe(0);
  });

  it('says that the files are good before it asks for memory', async () => {
    const { live } = device.memory();
    let then: number | undefined;
    const beforeWeights = () => (then = device.memory().live);
    const loaded = await Model.load(base(), { beforeWeights });
    expect(then).toBe(live);
    loaded.dispose();
    then = undefined;
    await expect(Model.load(join(folder, 'nothing'), { beforeWeights })).rejects.toThrow('nothing there');
    expect(then).toBeUndefined();
  });
});
