// Reward models as transformers and PEFT save them (benchmarks/peers/reward_gradient.py), and as they are saved here.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { byteModel, tinyModel } from '@selfjudge/testing/tinyModel';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Adapter } from './adapter.js';
import { Safetensors } from './files/safetensors.js';
import { writeSafetensors, type TensorToWrite } from './files/writeSafetensors.js';
import { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { RewardModel } from './rewardModel.js';
import { ScoreHead } from './scoreHead.js';

interface Values {
  pad: number;
  pairs: { chosen_ids: number[]; rejected_ids: number[] }[];
  cases: Record<string, { chosen: number[]; rejected: number[] }>;
}

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/reward', import.meta.url));
const { pad, pairs, cases } = JSON.parse(readFileSync(join(fixtures, 'values.json'), 'utf8')) as Values;
const room = mkdtempSync(join(tmpdir(), 'reward-files-'));
afterAll(() => rmSync(room, { recursive: true }));
const at = (name: string) => join(room, name);

const score = (model: RewardModel, sequences: number[][]) =>
  model.score(TreeBatch.from(sequences.map((tokens) => model.sequence(tokens))));
const own = [
  [1, 7, 30, 4],
  [1, 7, 5],
];

/** A folder of the fixtures' with something of it changed. */
function changed(name: string, from: string, change: (folder: string) => void): string {
  cpSync(join(fixtures, from), at(name), { recursive: true });
  change(at(name));
  return at(name);
}

function rewriteJson(path: string, change: object): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...json, ...change }));
}

/** Writes the tensors of a file again; `change` gives other values, or undefined for none at all. */
async function rewriteTensors(
  path: string,
  change: (tensor: TensorToWrite & { data: Float32Array }) => TensorToWrite | undefined,
): Promise<void> {
  const file = Safetensors.open(path);
  const all = [...file.tensors].map(([name, { shape }]) => {
    const data = file.read(name).data as Float32Array;
    return change({ name, shape, dtype: 'F32', values: () => data, data });
  });
  await writeSafetensors(
    path,
    all.filter((tensor) => tensor !== undefined),
  );
}

describe('RewardModel.load', () => {
  it.each([
    ['full', 'plain', 'of LlamaForSequenceClassification'],
    ['adapter', 'adapter', 'of PEFT, SEQ_CLS on a base that is a language model'],
  ])('%s: the rewards that Python gives', async (folder, name) => {
    const said: string[] = [];
    const model = await RewardModel.load(join(fixtures, folder), { onWarning: (text) => said.push(text) });
    expect(model.padTokenId).toBe(pad);
    expect(model.view.adapters).toHaveLength(folder === 'adapter' ? 1 : 0);
    const chosen = await score(
      model,
      pairs.map((pair) => pair.chosen_ids),
    );
    const rejected = await score(
      model,
      pairs.map((pair) => pair.rejected_ids),
    );
    chosen.forEach((reward, i) => expect(Math.abs(reward - cases[name].chosen[i])).toBeLessThan(1e-5));
    rejected.forEach((reward, i) => expect(Math.abs(reward - cases[name].rejected[i])).toBeLessThan(1e-5));
    expect(said).toEqual([]);
    model.dispose();
  });

  it('merges an adapter that is more than low-rank matrices', async () => {
    const folder = changed('trained-norms', 'adapter', () => {});
    rewriteJson(join(folder, 'adapter_config.json'), {
      base_model_name_or_path: join(fixtures, 'base'),
      modules_to_save: ['score', 'classifier', 'model.norm'],
    });
    const norm = Float32Array.from({ length: 8 }, (_, i) => 1 + i / 10);
    const path = join(folder, 'adapter_model.safetensors');
    const file = Safetensors.open(path);
    const tensors = [...file.tensors].map(([name, { shape }]) => {
      const data = file.read(name).data as Float32Array;
      return { name, shape, dtype: 'F32' as const, values: () => data };
    });
    tensors.push({
      name: 'base_model.model.model.norm.weight',
      shape: [8],
      dtype: 'F32' as const,
      values: () => norm,
    });
    await writeSafetensors(path, tensors);
    const model = await RewardModel.load(folder);
    expect(model.view.adapters).toEqual([]);
    expect(await model.view.model.norm.value.read()).toEqual(norm);
    model.dispose();
  });

  it.each<[string, string, (folder: string) => void | Promise<void>, RegExp]>([
    [
      'two labels',
      'full',
      (folder) => rewriteJson(join(folder, 'config.json'), { id2label: { 0: 'good', 1: 'bad' } }),
      /config.json: expected a reward model: num_labels 1, .*received 2 labels/s,
    ],
    [
      'labels that are not told, which are two',
      'full',
      (folder) => rewriteJson(join(folder, 'config.json'), { id2label: null }),
      /received neither, which means 2 to transformers/,
    ],
    [
      'a head of two rows',
      'full',
      (folder) =>
        rewriteTensors(join(folder, 'model.safetensors'), (tensor) =>
          tensor.name === 'score.weight'
            ? { ...tensor, shape: [2, 8], values: () => new Float32Array(16) }
            : tensor,
        ),
      /expected 'score.weight' of shape \[1, 8\], one label, received shape \[2, 8\]/,
    ],
    [
      'no head',
      'full',
      (folder) =>
        rewriteTensors(join(folder, 'model.safetensors'), (tensor) =>
          tensor.name === 'score.weight' ? undefined : tensor,
        ),
      /expected the head of a reward model, 'score.weight', received none/,
    ],
    [
      'a language model',
      'base',
      () => {},
      /expected the head of a reward model, 'score.weight', received none/,
    ],
    [
      'NaN in the head',
      'full',
      (folder) =>
        rewriteTensors(join(folder, 'model.safetensors'), (tensor) => {
          if (tensor.name === 'score.weight') tensor.data[3] = NaN;
          return tensor;
        }),
      /expected finite values in 'score.weight', received NaN at 3/,
    ],
    [
      'NaN in a weight',
      'full',
      (folder) =>
        rewriteTensors(join(folder, 'model.safetensors'), (tensor) => {
          if (tensor.name === 'model.norm.weight') tensor.data[1] = NaN;
          return tensor;
        }),
      /expected finite values in 'model.norm.weight', received NaN/,
    ],
    [
      'NaN in the head of an adapter',
      'adapter',
      (folder) => {
        rewriteJson(join(folder, 'adapter_config.json'), { base_model_name_or_path: join(fixtures, 'base') });
        return rewriteTensors(join(folder, 'adapter_model.safetensors'), (tensor) => {
          if (tensor.name.endsWith('score.weight')) tensor.data[0] = Infinity;
          return tensor;
        });
      },
      /expected finite values in 'base_model.model.score.weight', received Infinity at 0/,
    ],
    [
      'the adapter of a language model',
      'adapter',
      (folder) => {
        rewriteJson(join(folder, 'adapter_config.json'), { base_model_name_or_path: join(fixtures, 'base') });
        return rewriteTensors(join(folder, 'adapter_model.safetensors'), (tensor) =>
          tensor.name.endsWith('score.weight') ? undefined : tensor,
        );
      },
      /expected the head of a reward model, 'score.weight', received none/,
    ],
  ])('refuses %s', async (name, from, change, message) => {
    const folder = changed(name, from, () => {});
    await change(folder);
    await expect(RewardModel.load(folder, { onWarning: () => {} })).rejects.toThrow(message);
  });

  it('is what a loader of language models sends its adapter to', async () => {
    await expect(loadModelWithAdapter(join(fixtures, 'adapter'))).rejects.toThrow(
      /received that of a reward model \(task_type SEQ_CLS, with 'score.weight'\)\n.*RewardModel.load/s,
    );
  });
});

describe('RewardModel.save', () => {
  it.each([
    ['float32, untied', 'float32', false],
    ['float32, tied', 'float32', true],
    ['bf16', 'bf16', true],
  ] as const)('all weights, %s: comes back to the bit', async (name, dtype, tieWordEmbeddings) => {
    const model = tinyModel({ tieWordEmbeddings }, dtype);
    const head = ScoreHead.init(model, 3);
    const reward = new RewardModel(model.view(), head, 7);
    await reward.save(at(name));
    const config = JSON.parse(readFileSync(join(at(name), 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({
      architectures: ['LlamaForSequenceClassification'],
      id2label: { 0: 'LABEL_0' },
      pad_token_id: 7,
    });
    expect(Safetensors.openIn(at(name), 'model').tensors.has('lm_head.weight')).toBe(false);
    const again = await RewardModel.load(at(name));
    expect(again.padTokenId).toBe(7);
    expect(await score(again, own)).toEqual(await score(reward, own));
    for (const part of [again, head, model]) part.dispose();
  });

  it('an adapter, and one on a frozen one: as PEFT reads them, with the tokenizer, and the rewards they had', async () => {
    const model = byteModel();
    await model.save(at('base'));
    const base = await Model.load(at('base'));
    const adapters = [1, 2].map((seed) => {
      const adapter = Adapter.init(base, { r: 2, alpha: 4, dropout: 0, targetModules: ['v_proj'] }, seed);
      const set = adapter.makeTrainable();
      set.load(Float32Array.from({ length: set.size }, (_, i) => Math.sin(i * seed) / 4));
      return adapter;
    });
    const head = ScoreHead.init(base, 3);
    for (const count of [1, 2]) {
      const reward = new RewardModel(base.view(adapters.slice(0, count)), head, base.tokenizer!.pad);
      const folder = at(`adapter-${count}`);
      await reward.save(folder);
      const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as object;
      expect(config).toMatchObject({ task_type: 'SEQ_CLS', modules_to_save: ['score'], r: 2 * count });
      const again = await RewardModel.load(folder);
      expect(again.padTokenId).toBe(base.tokenizer!.pad);
      expect(again.tokenizer).toBeDefined();
      const [was, is] = [await score(reward, own), await score(again, own)];
      is.forEach((one, i) => expect(one).toBeCloseTo(was[i], count === 1 ? 12 : 6));
      again.dispose();
    }
    for (const part of [head, ...adapters, base, model]) part.dispose();
  });
});
