import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Adapter, Model, TreeBatch, writeSafetensors } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import type { RunOptions } from '../training/runOptions.js';
import { adapterTexts, baseWarning, supervised } from '../training/trainables.js';
import { saveTemplate, resolveTemplate } from './judgeTemplate.js';
import { openModel, reopen, saveModel, type OpenModel } from './model.js';

const room = mkdtempSync(join(tmpdir(), 'models-'));
const at = (name: string) => join(room, name);
afterAll(() => rmSync(room, { recursive: true }));

const run = (name: string, change: Partial<RunOptions> = {}) =>
  ({
    modelNameOrPath: at(name),
    fullFinetuning: false,
    loraR: 8,
    loraAlpha: 16,
    loraDropout: 0,
    loraTargetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    seed: 1,
    ...change,
  }) as RunOptions;

const scores = async ({ view }: OpenModel) => [
  ...(await view.score(TreeBatch.from([{ tokens: [1, 7, 3, 12], targets: [[1, 4]] }]))),
];

/** A tied base, a plain adapter, and one with a head of its own. */
beforeAll(async () => {
  const base = byteModel();
  await base.save(at('base'));
  const adapter = Adapter.init(base, { r: 4, alpha: 8, dropout: 0, targetModules: ['q_proj', 'v_proj'] }, 1);
  await adapter.save(at('plain'));
  adapter.dispose();
  const { vocabSize, hiddenSize } = base.config;
  base.dispose();
  mkdirSync(at('headed'));
  writeFileSync(
    join(at('headed'), 'adapter_config.json'),
    JSON.stringify({
      peft_type: 'LORA',
      r: 1,
      target_modules: ['none'],
      modules_to_save: ['lm_head'],
      base_model_name_or_path: at('base'),
    }),
  );
  const values = Float32Array.from({ length: vocabSize * hiddenSize }, (_, i) => ((i * 7) % 11) / 10);
  await writeSafetensors(join(at('headed'), 'adapter_model.safetensors'), [
    {
      name: 'base_model.model.lm_head.weight',
      dtype: 'F32',
      shape: [vocabSize, hiddenSize],
      values: () => values,
    },
  ]);
});

it('merges an adapter with a head of its own, which is saved whole and not trained on', async () => {
  const opened = await openModel(at('headed'), { dtype: 'float32' });
  expect(opened.merged).toEqual(['modules_to_save (lm_head)']);
  expect(opened.adapter).toBeUndefined();
  for (const fullFinetuning of [false, true])
    expect(() => supervised(opened, run('headed', { fullFinetuning }))).toThrow(
      /Merge this one first \(loadModel\('.*headed'\), then save\('MERGED', \{ merge: true \}\)\) and train MERGED, received an adapter with modules_to_save \(lm_head\)/,
    );
  const want = await scores(opened);
  await saveModel(opened, at('merged'), { merge: true });
  const merged = await openModel(at('merged'), { dtype: 'float32' });
  expect(merged.merged).toBeUndefined();
  expect(merged.model.config.tieWordEmbeddings).toBe(false);
  expect(await scores(merged)).toEqual(want);
  supervised(merged, run('merged')).dispose();
  merged.dispose();

  // Its weights are not those of its base, which an adapter of that base wants.
  const plain = await openModel(at('plain'), { dtype: 'float32' });
  const reopened = await reopen(opened, at('plain'));
  expect(await scores(reopened)).toEqual(await scores(plain));
  expect(reopened.merged).toBeUndefined();
  for (const one of [plain, reopened]) one.dispose();
});

it('takes the judge template that the adapter on top learnt', async () => {
  const { template } = { template: resolveTemplate('plain', { path: room }) };
  const opened = await openModel(at('base'), { adapter: at('plain') });
  expect(opened.path).toBe(at('base'));
  opened.dispose();
  saveTemplate({ ...template, name: 'learnt' }, at('plain'));
  const again = await openModel(at('base'), { adapter: at('plain') });
  expect(resolveTemplate('auto', again).name).toBe('learnt');
  again.dispose();
});

it('says how adapters are stacked, and what PEFT does not open', async () => {
  const opened = await openModel(at('plain'));
  expect(adapterTexts(opened, run('plain'))).toEqual({
    adapter: expect.stringMatching(/^r 8 on all linear layers, alpha \d+$/),
    below: 'r 4 on q_proj, v_proj',
    saved: 'r 12 on all linear layers',
  });
  expect(baseWarning(opened, run('plain'))).toBeUndefined();
  (opened.model as Model).source = at('tiny.gguf');
  expect(baseWarning(opened, run('plain'))).toMatch(
    /tiny.gguf\), which PEFT's AutoPeftModel does not open: README.md/,
  );
  expect(baseWarning(opened, run('plain', { fullFinetuning: true }))).toBeUndefined();
  opened.dispose();
  const base = await openModel(at('base'));
  expect(adapterTexts(base, run('base')).below).toBeUndefined();
  base.dispose();
});
