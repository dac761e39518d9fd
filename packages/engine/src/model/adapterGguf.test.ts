import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { TreeBatch } from '../tensor/treeBatch.js';
import { Adapter } from './adapter.js';
import { readAdapterGguf, writeAdapterGguf } from './adapterGguf.js';
import { readGguf } from './files/gguf.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { modelToMerge } from './modelToMerge.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures', import.meta.url));
const room = mkdtempSync(join(tmpdir(), 'adapter-gguf-'));
afterAll(() => rmSync(room, { recursive: true }));
const path = join(room, 'adapter.gguf');
const F32 = { type: 'F32', metadata: [] } as const;

/** The adapter of PEFT's in a folder, on a base. */
async function partsOf(base: string, adapter: string) {
  const { adapter: found, source } = await modelToMerge(join(fixtures, base), {
    adapter: join(fixtures, adapter),
  });
  return { parts: found!.parts, config: source.config };
}

describe('an adapter as a GGUF file', () => {
  it('has the matrices of PEFT by the names of the base, rows of q and k in llama.cpp order', async () => {
    const { parts, config } = await partsOf('families/granite', 'families/granite/adapter');
    await writeAdapterGguf(path, config, parts, F32);
    const file = readGguf(path);
    expect(file.metadata.get('general.architecture')).toBe('granite');
    expect(
      ['general.type', 'adapter.type', 'adapter.lora.alpha'].map((key) => file.metadata.get(key)),
    ).toEqual(['adapter', 'lora', 6]);
    expect(file.tensors.size).toBe(2 * parts.lowRank.size);
    const q = parts.lowRank.get('model.layers.1.self_attn.q_proj')!;
    expect(file.tensors.get('blk.1.attn_q.weight.lora_a')).toMatchObject({ shape: [3, 12], type: 'F32' });
    expect(file.read('blk.1.attn_q.weight.lora_a')).toEqual(q.a.read());
    // Of a head of 6 rows the first, fourth, second, fifth, third and sixth.
    const [rows, theirs] = [file.read('blk.1.attn_q.weight.lora_b'), q.b.read()];
    const row = (of: Float32Array, i: number) => Array.from(of.subarray(3 * i, 3 * i + 3));
    [0, 3, 1, 4, 2, 5].forEach((from, to) => expect(row(rows, 6 + to)).toEqual(row(theirs, 6 + from)));
    const up = parts.lowRank.get('model.layers.0.mlp.up_proj')!;
    expect(file.read('blk.0.ffn_up.weight.lora_b')).toEqual(up.b.read());
  });

  it.each(['granite', 'qwen3', 'smollm3', 'olmo2'])('of %s says what the adapter says', async (name) => {
    const base = join(fixtures, 'families', name);
    const { parts, config } = await partsOf(`families/${name}`, `families/${name}/adapter`);
    const { fingerprint, folded } = await writeAdapterGguf(path, config, parts, F32);
    expect(folded).toEqual([]);
    const { model } = await loadModelWithAdapter(base);
    const again = readAdapterGguf(path, model.config);
    expect(again.fingerprint).toBe(fingerprint);
    const adapter = Adapter.of(again, model);
    const rows = JSON.parse(readFileSync(join(fixtures, 'families/rows.json'), 'utf8')) as number[][];
    const { adapter: want } = JSON.parse(readFileSync(join(base, 'values.json'), 'utf8')) as {
      adapter: number[][];
    };
    const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] as [number, number][] }));
    const got = await model.view([adapter]).score(TreeBatch.from(sequences));
    want.flat().forEach((x, i) => expect(Math.abs(x - got[i])).toBeLessThan(1e-4));
    adapter.dispose();
    model.dispose();
  });

  it('of modules with alphas of their own has one alpha, and the rest of theirs in B', async () => {
    const { parts, config } = await partsOf('adapters/untied', 'adapters/ranks');
    const { folded } = await writeAdapterGguf(path, config, parts, F32);
    const alphas = new Set([...parts.lowRank.values()].map(({ alpha }) => alpha));
    expect(alphas.size).toBeGreaterThan(1);
    expect(folded.length).toBeGreaterThan(0);
    expect(folded.length).toBeLessThan(parts.lowRank.size);
    const again = readAdapterGguf(path, config);
    for (const [module, { b, r, alpha }] of parts.lowRank) {
      const own = again.lowRank.get(module)!;
      expect(own.r).toBe(r);
      const values = own.b.read();
      b.read().forEach((x, i) => expect((values[i] * own.alpha) / r).toBeCloseTo((x * alpha) / r, 5));
    }
  });

  it('in F16 is rounded once', async () => {
    const { parts, config } = await partsOf('families/qwen3', 'families/qwen3/adapter');
    const { fingerprint } = await writeAdapterGguf(path, config, parts, { ...F32, type: 'F16' });
    expect([...readGguf(path).tensors.values()].every(({ type }) => type === 'F16')).toBe(true);
    const again = readAdapterGguf(path, config);
    expect(again.fingerprint).toBe(fingerprint);
    const [a, b] = [again, parts].map(({ lowRank }) => [...lowRank.values()][0].a.read());
    a.forEach((x, i) => expect(Math.abs(x - b[i])).toBeLessThanOrEqual(2 ** -11 * Math.abs(b[i])));
  });

  it.each([
    ['dora', 'untied', /use_dora \(DoRA\)/],
    ['biases', 'biased', /whole tensors/],
    ['lora-head', 'untied', /LoRA on lm_head/],
    ['saved-norms', 'untied', /modules_to_save/],
  ])('is none of more than low-rank matrices: %s', async (name, base, message) => {
    const { parts, config } = await partsOf(`adapters/${base}`, `adapters/${name}`);
    await expect(writeAdapterGguf(path, config, parts, F32)).rejects.toThrow(message);
  });

  it('is refused where the file is none', async () => {
    const { config } = await partsOf('families/qwen3', 'families/qwen3/adapter');
    const model = join(fixtures, 'families/qwen3/model.gguf');
    expect(() => readAdapterGguf(model, config)).toThrow(
      /expected general.type adapter and adapter.lora.alpha/,
    );
  });
});
