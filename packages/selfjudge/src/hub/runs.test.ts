// Names on the hub in runs and in the API, against a stand-in of it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { loadModel, loadPreferences, pull, push } from '../index.js';
import { resolveRun } from '../training/resolveRun.js';
import { runTraining, type TrainInputs } from '../training/train.js';
import { failure, withHub } from '../testing/hub.js';

const place = withHub();
const root = mkdtempSync(join(tmpdir(), 'selfjudge-hub-runs-'));
const at = (...path: string[]) => join(root, ...path);
const files = (folder: string) =>
  Object.fromEntries(readdirSync(at(folder)).map((name) => [name, readFileSync(at(folder, name))]));
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), 'utf8')) as Record<string, unknown>;
const pairs = Array.from({ length: 6 }, (_, i) => ({
  prompt: `${i}?`,
  chosen: `Yes ${i}.`,
  rejected: 'No.',
}));
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const probe = { prompt: '1?', completion: 'Yes.' };

beforeAll(async () => {
  for (const seed of [1, 2]) {
    const model = byteModel({ seed });
    await model.save(at(`model-${seed}`));
    model.dispose();
  }
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  vi.stubEnv('HF_ENDPOINT', place.hub.url);
  vi.stubEnv('HF_HUB_CACHE', place.cache);
  vi.stubEnv('HF_HOME', at('home'));
  vi.stubEnv('HF_TOKEN', 'hf_writer');
  place.hub.add('model', 'owner/model', files('model-1'));
  place.hub.add('dataset', 'owner/pairs', {
    'data/train.jsonl': lines(pairs),
    'data/test.jsonl': lines(pairs.slice(0, 2)),
  });
});
afterEach(() => vi.unstubAllEnvs());

const repository = (name: string) => place.hub.repositories.get(name)!;
async function dpo(folder: string, maxSteps: number, changes: object = {}, inputs: TrainInputs = {}) {
  const notes: string[] = [];
  const values = {
    modelNameOrPath: 'owner/model',
    datasetName: ['owner/pairs'],
    outputDir: at(folder),
    dtype: 'float32',
    trainBatchSize: 2,
    loraR: 2,
    saveSteps: 0,
    maxSteps,
    ...changes,
  };
  const onNote = (note: string) => void notes.push(note);
  const outcome = await runTraining('dpo', resolveRun('dpo', { values }), { onNote }, inputs);
  return { outcome, notes };
}
async function scoreOf(path: string, adapter?: string): Promise<number> {
  const model = await loadModel(path, { dtype: 'float32', adapter });
  const [{ logprob }] = await model.score([probe]);
  model.dispose();
  return logprob;
}

it('a run remembers the commits that it began with, and goes on with them', async () => {
  const commit = repository('models/owner/model').commitOf('main')!;
  const data = repository('datasets/owner/pairs').commitOf('main')!;
  const { notes } = await dpo('run', 1);
  expect(notes.slice(0, 2)).toEqual([
    `owner/model of the hub is commit ${commit}`,
    `owner/pairs of the hub is commit ${data}`,
  ]);
  expect(json('run/hub.json')).toEqual({
    'owner/model': [`owner/model@${commit}`],
    'owner/pairs': [`hf://datasets/owner/pairs@${data}/data/train.jsonl`],
  });
  const named = { base_model_name_or_path: 'owner/model', revision: commit };
  expect(json('run/final/adapter_config.json')).toMatchObject(named);
  expect(readFileSync(at('run/config.yaml'), 'utf8')).toContain('model_name_or_path: owner/model\n');

  repository('models/owner/model').commit(files('model-2'));
  repository('datasets/owner/pairs').commit({ 'data/train.jsonl': lines(pairs.slice(1)) });
  place.hub.asked.length = 0;
  expect((await dpo('run', 1)).outcome).toMatchObject({ alreadyDone: true });
  const longer = await dpo('run', 2);
  expect(longer.outcome).toMatchObject({ status: 'completed', step: 2 });
  expect(place.hub.asked).toEqual([]);
  expect(json('run/final/adapter_config.json')).toMatchObject(named);

  // Another name may mean other weights now: they are not those of this run.
  const other = dpo('run', 3, { modelNameOrPath: 'owner/model@main' });
  await expect(other).rejects.toThrow(
    /model_name_or_path: expected the weights that the run in .* began with/,
  );
  const begun = await dpo('other', 1, {}, { dryRun: true });
  expect(begun.notes[0]).not.toContain(commit);
  expect(existsSync(at('other'))).toBe(false);
});

it('a run is pushed, and its adapter opens elsewhere with the base that it names', async () => {
  await dpo('adapted', 1, { judgeTemplate: undefined });
  const here = await scoreOf(at('adapted'));
  const { url, files: sent } = await push(at('adapted'), 'owner/adapter', { message: 'mine' });
  expect(url).toBe(`${place.hub.url}/owner/adapter`);
  expect(sent).toEqual(
    expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'training_data.json']),
  );
  repository('models/owner/model').commit(files('model-2'));
  rmSync(place.cache, { recursive: true });
  mkdirSync(place.cache);
  expect(await scoreOf('owner/adapter')).toBe(here);
  expect(readdirSync(place.cache).toSorted()).toEqual([
    '.locks',
    'models--owner--adapter',
    'models--owner--model',
  ]);
  // From now on nobody has to be asked; on top of another model its own base is not needed.
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await scoreOf('owner/adapter')).toBe(here);
  rmSync(join(place.cache, 'models--owner--model'), { recursive: true });
  expect(await scoreOf(at('model-1'), 'owner/adapter')).toBe(here);
  expect(await failure(loadModel('owner/adapter'))).toMatch(/^owner\/model@[0-9a-f]{40}: expected it in /);
});

it('a model from the hub is trained, saved and opened again by its name', async () => {
  const commit = repository('models/owner/model').commitOf('main')!;
  const model = await loadModel(`owner/model@${commit}`, { dtype: 'float32' });
  const dataset = await loadPreferences('hf://datasets/owner/pairs/data/train.jsonl');
  expect(dataset.rows).toHaveLength(6);
  expect(await failure(loadPreferences('owner/pairs'))).toMatch(
    /expected one file of rows, .*data\/test.jsonl/,
  );
  const { dpo: train } = await import('../index.js');
  await train(model, {
    dataset,
    outputDir: at('api'),
    lora: { r: 2 },
    maxSteps: 1,
    trainBatchSize: 2,
    saveSteps: 0,
  });
  await model.save(at('saved'));
  const named = { base_model_name_or_path: 'owner/model', revision: commit };
  for (const folder of ['saved', 'api/final'])
    expect(json(folder, 'adapter_config.json')).toMatchObject(named);
  const [{ logprob }] = await model.score([probe]);
  await model.reload(`owner/model@${commit}`);
  expect((await model.score([probe]))[0].logprob).not.toBe(logprob);
  await model.reload(at('saved'));
  expect((await model.score([probe]))[0].logprob).toBe(logprob);
  model.dispose();
});

it('shards of rows are read as one file, and a pull says what it is', async () => {
  place.hub.add('dataset', 'owner/shards', {
    'train-00000-of-00002.jsonl': lines(pairs.slice(0, 2)),
    'train-00001-of-00002.jsonl': lines([...pairs.slice(2), { nothing: 1 }]),
  });
  const { rows, issues, read } = await loadPreferences('owner/shards');
  expect({ rows: rows.map(({ prompt }) => prompt), issues: issues.length, read }).toEqual({
    rows: pairs.map(({ prompt }) => ({ text: prompt })),
    issues: 1,
    read: 7,
  });
  expect((await loadPreferences('owner/shards', { limit: 3 })).rows).toHaveLength(3);
  const pulled = await pull('hf://datasets/owner/shards', { revision: 'main' });
  expect(pulled).toMatchObject({ files: 2, path: pulled.paths[0], commit: expect.any(String) as string });
  expect(readFileSync(pulled.paths[1], 'utf8')).toContain('nothing');
  expect(await failure(loadPreferences('owner/none'))).toMatch(
    /^hf:\/\/datasets\/owner\/none: expected the data set owner\/none on http\S+, there being no such path here, received status 404/,
  );
  await expect(pull('owner')).rejects.toThrow(/\[pull\] name: expected OWNER\/NAME, .*received owner$/);
  await expect(pull('owner/model@v1', { revision: 'v2' })).rejects.toThrow(
    /revision: expected none beside @v1/,
  );
  await expect(push(at('model-1'), 'hf://datasets/owner/x')).rejects.toThrow(
    /the name of a model on the hub/,
  );
});
