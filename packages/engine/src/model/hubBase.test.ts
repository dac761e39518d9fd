import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Adapter } from './adapter.js';
import { hubBase } from './adapterBase.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';

const root = mkdtempSync(join(tmpdir(), 'selfjudge-hub-base-'));
const cache = join(root, 'hub');
const repository = join(cache, 'models--owner--base');
const adapter = join(root, 'adapter');
/** The commits of two sets of weights. */
const COMMITS = ['1'.repeat(40), '2'.repeat(40)];
const snapshot = (i: number) => join(repository, 'snapshots', COMMITS[i]);

beforeAll(async () => {
  for (const i of [0, 1]) {
    const model = byteModel({ seed: i + 1 });
    await model.save(snapshot(i));
    if (i === 0)
      await Adapter.init(model, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1).save(adapter);
    model.dispose();
  }
  mkdirSync(join(repository, 'refs'));
  writeFileSync(join(repository, 'refs/main'), COMMITS[1]);
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => vi.stubEnv('HF_HUB_CACHE', cache));
afterEach(() => vi.unstubAllEnvs());

const config = (folder = adapter) =>
  JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
const name = (base: string, revision?: string | null, folder = adapter) =>
  writeFileSync(
    join(folder, 'adapter_config.json'),
    JSON.stringify({ ...config(folder), base_model_name_or_path: base, revision }),
  );
async function opened(path = adapter) {
  const { model, adapter: own } = await loadModelWithAdapter(path, { dtype: 'float32' });
  await own!.save(join(root, 'saved'));
  own!.dispose();
  model.dispose();
  const { base_model_name_or_path: base, revision } = config(join(root, 'saved'));
  return { source: model.source, base, revision };
}

it('a base in the cache of the hub is opened by its name, and named with its commit', async () => {
  for (const [revision, i] of [
    [null, 1],
    ['main', 1],
    [COMMITS[0], 0],
  ] as const) {
    name('owner/base', revision);
    expect(await opened()).toEqual({ source: snapshot(i), base: 'owner/base', revision: COMMITS[i] });
  }
  name(`owner/base@${COMMITS[0]}`, 'main');
  expect((await opened()).source).toBe(snapshot(0));
  name(snapshot(0));
  expect(await opened()).toEqual({ source: snapshot(0), base: 'owner/base', revision: COMMITS[0] });
});

it('a base that the cache has not is asked for, and what is no name says what would be', async () => {
  name('owner/base', 'v1');
  expect(hubBase(adapter)).toEqual({ type: 'model', id: 'owner/base', revision: 'v1' });
  await expect(opened()).rejects.toThrow(/a model on this machine, received owner\/base/);
  name('hf://owner', undefined);
  await expect(opened()).rejects.toThrow(
    /adapter_config.json: expected a name on the hub .*received hf:\/\/owner/,
  );
  name(snapshot(0), 'v1');
  expect(hubBase(adapter)).toBeUndefined();
});

it('a model beside the adapter goes before the cache, which is not there to decide', async () => {
  const both = join(root, 'both');
  const model = byteModel({ seed: 3 });
  await model.save(both);
  model.dispose();
  name('owner/base', COMMITS[0]);
  for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
    renameSync(join(adapter, file), join(both, file));
  expect((await opened(both)).source).toBe(both);
});
