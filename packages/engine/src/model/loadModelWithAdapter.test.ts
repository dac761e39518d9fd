import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '@selfjudge/testing/tinyModel';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Adapter } from './adapter.js';
import { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';

const parent = mkdtempSync(join(tmpdir(), 'both-'));
const [base, other, both] = ['base', 'other', 'both'].map((name) => join(parent, name));
const batch = TreeBatch.from([{ tokens: [1, 7, 30, 4], targets: [[1, 4]] }]);
let right: { base: Float32Array; adapted: Float32Array };

beforeAll(async () => {
  const model = tinyModel();
  await model.save(base);
  const adapter = Adapter.init(model, { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] }, 1);
  const set = adapter.makeTrainable();
  set.load(Float32Array.from({ length: set.size }, (_, i) => Math.sin(i)));
  right = { base: await model.view().score(batch), adapted: await model.view([adapter]).score(batch) };
  await adapter.save(both);
  cpSync(base, both, { recursive: true });
  adapter.dispose();
  model.dispose();
});
afterAll(() => rmSync(parent, { recursive: true }));

function nameBase(path: string): void {
  const file = join(both, 'adapter_config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, base_model_name_or_path: path }));
}

async function load() {
  const warnings: string[] = [];
  const { model, adapter } = await loadModelWithAdapter(both, { onWarning: (w) => warnings.push(w) });
  const scores = await model.view([adapter!]).score(batch);
  adapter!.dispose();
  model.dispose();
  return { scores, warnings };
}

describe('a folder that holds a model and an adapter', () => {
  it('is the adapter on the base it names, and says that the model beside it is not used', async () => {
    const model = Model.init((await Model.load(base)).config, { dtype: 'float32', seed: 9 });
    await model.save(other);
    model.dispose();
    nameBase(other);
    const { scores, warnings } = await load();
    expect(scores).not.toEqual(right.adapted);
    expect(warnings).toEqual([expect.stringMatching(/the model beside the adapter is not used: .*other/)]);
  });

  it.each(['someone/model-on-the-hub', both])(
    'is the adapter on the model in it where that is all there is: %s',
    async (named) => {
      nameBase(named);
      expect(await load()).toEqual({ scores: right.adapted, warnings: [] });
    },
  );

  it('is a model alone only where that is asked for', async () => {
    await expect(Model.load(both)).rejects.toThrow(
      /an adapter beside a model \(withoutAdapter leaves it aside\)/,
    );
    const model = await Model.load(both, { withoutAdapter: true });
    expect(await model.view().score(batch)).toEqual(right.base);
    model.dispose();
  });
});
