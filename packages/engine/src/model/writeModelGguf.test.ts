// Models written as GGUF, against the files that the Python package gguf wrote of them (benchmarks/peers/families.py).
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { ArgumentError, FileFormatError } from '@selfjudge/base';
import { dequantize, quantize } from '@selfjudge/native';
import { byteModel, tinyConfig } from '@selfjudge/testing/tinyModel';
import { Device } from '../tensor/device.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { parameterSpecs, type ModelConfig } from './config.js';
import { readGguf } from './files/gguf.js';
import { float32Of } from './files/safetensors.js';
import { ggufShape } from './ggufMetadata.js';
import { ggufSource } from './ggufSource.js';
import { Model } from './model.js';
import { modelToMerge } from './modelToMerge.js';
import { folderSource } from './folderSource.js';
import { ggufBytes, writeModelGguf, type WriteGgufOptions } from './writeModelGguf.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/families', import.meta.url));
const families = readdirSync(fixtures).filter((name) => !name.endsWith('.json'));
const room = mkdtempSync(join(tmpdir(), 'gguf-out-'));
afterAll(() => rmSync(room, { recursive: true }));
const device = Device.open('cpu');

/** What GGUF has no form for. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  llama: /ropeScaling: expected Llama 3's scaling from 8192 positions/,
  ministral: /config.family: expected a family that GGUF files are written of .*, received Ministral/,
  ministral3: /config.family: .*, received Ministral 3/,
  'ministral3-sees': /config.family: .*, received Ministral 3/,
  'qwen2-window': /config: expected what GGUF files of Qwen 2, 2.5 can say, received layerTypes/,
  'smollm3-untied': /expected what GGUF files of SmolLM 3 can say, received layerTypes/,
  'gemma3-mixed': /expected what GGUF files of Gemma 3 can say, received layerTypes/,
};

const quiet = { onWarning: () => {} };
const write = async (name: string, options: Partial<WriteGgufOptions> = {}, adapter?: string) => {
  const model = await modelToMerge(join(fixtures, name), { ...quiet, ...(adapter && { adapter }) });
  const path = join(room, `${name}-${options.type ?? 'F32'}.gguf`);
  const result = await writeModelGguf(path, model, { type: 'F32', metadata: [], device, ...options });
  return { model, path, ...result };
};

describe.each(families)('%s', (name) => {
  const folder = join(fixtures, name);

  it.runIf(name in REFUSED)('is refused by what cannot be said', async () => {
    await expect(write(name)).rejects.toThrow(ArgumentError);
    await expect(write(name)).rejects.toThrow(REFUSED[name]);
    expect(existsSync(join(room, `${name}-F32.gguf`))).toBe(false);
  });

  it.runIf(existsSync(join(folder, 'model.gguf')))('is the file that gguf writes of it', async () => {
    const { path } = await write(name);
    const [own, theirs] = [readGguf(path), readGguf(join(folder, 'model.gguf'))];
    expect([...own.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const [tensor, { shape }] of theirs.tensors) {
      expect(own.tensors.get(tensor)).toMatchObject({ shape, type: 'F32' });
      expect(own.read(tensor)).toEqual(theirs.read(tensor));
    }
    for (const [key, value] of theirs.metadata)
      if (!key.startsWith('tokenizer.')) expect([key, own.metadata.get(key)]).toEqual([key, value]);
  });

  it.skipIf(name in REFUSED)('gives its config and tensors when it is read again', async () => {
    const whole = folderSource(folder, () => {});
    for (const type of ['F32', 'F16', 'Q8_0'] as const) {
      const { path, fingerprint, halves, model } = await write(name, { type });
      const again = ggufSource(path);
      const file = readGguf(path);
      const bytes = [...file.tensors]
        .filter(([own]) => !own.startsWith('rope'))
        .reduce((n, [, t]) => n + t.bytes, 0);
      expect(ggufBytes(model, type)).toBe(bytes);
      // Rows of 12 values are no blocks of 32.
      const columns = [...parameterSpecs(whole.config)].filter(({ shape }) => shape.length === 2);
      expect(halves.length > 0).toBe(type === 'Q8_0' && columns.some(({ shape }) => shape[1] % 32 !== 0));
      for (const { name: tensor, shape } of parameterSpecs(whole.config)) {
        const values = float32Of(whole.read(tensor));
        const own = shape.length === 1 ? 'F32' : type === 'Q8_0' && shape[1] % 32 !== 0 ? 'F16' : type;
        const want = own === 'F32' ? values : dequantize(own, quantize(own, values).data, values.length);
        const got = again.read(tensor).data;
        const apart = want.reduce((most, x, i) => Math.max(most, Math.abs(x - got[i])), 0);
        // 1 is added to a norm of Gemma's and taken away again.
        expect(apart).toBeLessThanOrEqual(shape.length === 1 && whole.config.normOffset ? 1e-7 : 0);
      }
      expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
    }
  });
});

describe('a GGUF file', () => {
  const names = ['granite', 'mistral', 'olmo2', 'qwen2', 'qwen3', 'smollm3'];
  const rows = [
    [1, 7, 3, 12, 5, 9, 2, 14, 8, 11, 23, 4, 28, 6],
    [1, 7, 3, 12, 5, 9, 20, 14, 17, 2, 2, 25],
  ];
  const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] as [number, number][] }));

  it.each(names)('of %s with an adapter of PEFT says what both say', async (name) => {
    const folder = join(fixtures, name);
    const merged = await modelToMerge(folder, { adapter: join(folder, 'adapter') });
    const path = join(room, `${name}-merged.gguf`);
    const { fingerprint } = await writeModelGguf(path, merged, { type: 'F32', metadata: [], device });
    const model = await Model.load(path);
    const before = await modelToMerge(folder, { adapter: join(folder, 'adapter') });
    const direct = await Model.fromSource(before.source, folder, { device });
    const [a, b] = [model, direct].map((one) => one.view().score(TreeBatch.from(sequences)));
    expect(await a).toEqual(await b);
    expect(model.fingerprint).toBe(fingerprint);
    model.dispose();
    direct.dispose();
  });

  it('names what is not written as asked, and what a reader does without', async () => {
    const { halves } = await write('qwen3', { type: 'Q4_0' });
    expect(halves).toContain('token_embd.weight');
    expect(halves).toContain('blk.1.ffn_down.weight');
    expect(ggufShape(folderSource(join(fixtures, 'mistral-window'), () => {}).config).unsaid).toEqual([
      expect.stringMatching(/without its sliding window/),
    ]);
    expect(ggufShape(folderSource(join(fixtures, 'qwen3'), () => {}).config).unsaid).toEqual([]);
  });

  it('has the scaling of Llama 3 as divisors, and refuses another', () => {
    const scaling = {
      type: 'llama3',
      factor: 32,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 8192,
    };
    const config = { ...tinyConfig, headDim: 64, ropeTheta: 500000, ropeScaling: scaling } as ModelConfig;
    const { rope } = ggufShape(config);
    expect(rope[0].name).toBe('rope_freqs.weight');
    expect([rope[0].values[0], rope[0].values[31]]).toEqual([1, 32]);
    // As llama.cpp's converter makes them: by the wave's length in positions.
    rope[0].values.forEach((divisor, i) => {
      const length = 2 * Math.PI * 500000 ** (i / 32);
      const smooth = (8192 / length - 1) / 3;
      const want = length < 2048 ? 1 : length > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth);
      expect(divisor).toBeCloseTo(want, 4);
    });
    // The greatest is the factor for whoever reads it, so it is that without a rounding.
    const odd = { ...config, ropeScaling: { ...scaling, factor: 10.3 } } as ModelConfig;
    expect(Math.max(...ggufShape(odd).rope[0].values)).toBe(Math.fround(10.3));
    const other = { ...scaling, factor: 8, originalMaxPositions: 4096 };
    expect(() => ggufShape({ ...config, ropeScaling: other } as ModelConfig)).toThrow(/from 8192 positions/);
  });

  it('has a number for every value, or is refused by name, and is not there then', async () => {
    const model = byteModel();
    const large = [...model.parameters()].find(({ name }) => name.includes('0.mlp.up_proj'))!;
    model.dispose();
    const folder = join(room, 'large');
    const made = byteModel();
    await made.save(folder);
    made.dispose();
    const merged = await modelToMerge(folder);
    const { source } = merged;
    const read = source.read.bind(source);
    source.read = async (name, rows, on) => {
      const tensor = await read(name, rows, on);
      if (name === large.name) tensor.data[7] = 1e9;
      return tensor;
    };
    const path = join(room, 'large.gguf');
    const refused = writeModelGguf(path, merged, { type: 'F16', metadata: [], device });
    await expect(refused).rejects.toThrow(FileFormatError);
    await expect(refused).rejects.toThrow(
      /'model.layers.0.mlp.up_proj.weight' that F16 .* received 1000000000 at \[0, 7\]/,
    );
    expect(existsSync(path)).toBe(false);
  });
});
