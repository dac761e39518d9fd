import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adapter, Model, RewardModel, Safetensors, ScoreHead } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { loadModel } from '../api/model.js';
import { sft } from '../api/training.js';
import { mergeModel, type MergeHooks } from './mergeModel.js';
import type { MergeOptions } from './options.js';

const room = mkdtempSync(join(tmpdir(), 'merge-'));
afterAll(() => rmSync(room, { recursive: true }));
const at = (...names: string[]) => join(room, ...names);
const text = (...path: string[]) => readFileSync(at(...path), 'utf8');
const json = (...path: string[]) => JSON.parse(text(...path)) as Record<string, unknown>;
const merge = (from: string, to: string, options: MergeOptions = {}, hooks: MergeHooks = {}) =>
  mergeModel(at(from), at(to), { device: 'cpu', ...options }, hooks);

beforeAll(async () => {
  const base = byteModel();
  await base.save(at('model'));
  writeFileSync(at('model', 'LICENSE'), 'Do as you like.\n');
  writeFileSync(at('model', 'NOTICE.txt'), 'Made of bytes.\n');
  // A base's own files say more than ours would.
  const config = json('model', 'tokenizer_config.json');
  writeFileSync(at('model', 'tokenizer_config.json'), JSON.stringify({ ...config, padding_side: 'left' }));
  writeFileSync(at('model', 'generation_config.json'), JSON.stringify({ temperature: 0.6, eos_token_id: 5 }));
  const dataset = Array.from({ length: 8 }, (_, i) => ({
    prompt: `What is ${i}?`,
    completion: `It is ${i}.`,
  }));
  const settings = { dataset, maxSteps: 3, trainBatchSize: 4, learningRate: 2e-2 };
  for (const [outputDir, fullFinetuning] of [
    ['run', false],
    ['full', true],
  ] as const) {
    const model = await loadModel(at('model'), { dtype: 'float32', device: 'cpu' });
    await sft(model, { ...settings, outputDir: at(outputDir), fullFinetuning });
    model.dispose();
  }
  const head = ScoreHead.init(base, 1);
  const adapter = Adapter.init(base, { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] }, 1);
  await new RewardModel(base.view([adapter]), head, 0).save(at('reward'));
  for (const part of [head, adapter, base]) part.dispose();
});

describe('a merged run', () => {
  it('says what the run says, and is there with its fingerprint', async () => {
    const result = await merge('run', 'merged');
    expect(result).toMatchObject({
      outputDir: at('merged'),
      files: ['model.safetensors'],
      stored: 'float32',
    });
    expect(result.difference).toMatchObject({ of: 'log-probabilities', computedIn: 'float32' });
    expect(result.difference.count).toBeGreaterThan(100);
    expect(result.difference.mean).toBeLessThan(1e-5);
    const options = { dtype: 'float32', device: 'cpu' } as const;
    const [before, after] = [await loadModel(at('run'), options), await loadModel(at('merged'), options)];
    const row = { prompt: 'What is 3?', completion: 'It is iron.' };
    const [[a], [b]] = [await before.score([row]), await after.score([row])];
    expect(Math.abs(a.logprob - b.logprob)).toBeLessThan(1e-4);
    expect(after.opened.model.fingerprint).toBe(result.fingerprint);
    expect(json('merged', 'merge.json')).toMatchObject({ fingerprint: result.fingerprint });
    before.dispose();
    after.dispose();
  });

  it('has the files of the base that are not weights, and every token that ends an answer', () => {
    for (const name of [
      'LICENSE',
      'NOTICE.txt',
      'tokenizer_config.json',
      'tokenizer.json',
      'chat_template.jinja',
    ])
      expect(text('merged', name)).toBe(text('model', name));
    const { temperature, eos_token_id: ends } = json('merged', 'generation_config.json');
    expect([temperature, ends]).toEqual([0.6, [5, 258]]);
    expect(text('merged', 'training_data.json')).toBe(text('run', 'final', 'training_data.json'));
  });

  it('of all weights has the files of the model that the run began with', async () => {
    await merge('full', 'merged-full');
    for (const name of ['LICENSE', 'tokenizer_config.json'])
      expect(text('merged-full', name)).toBe(text('model', name));
    expect(json('merged-full', 'generation_config.json')).toMatchObject({ temperature: 0.6 });
  });

  it('has the chat template that it was trained with, and says so where that is another', async () => {
    const path = at('run', 'final', 'chat_template.jinja');
    const own = readFileSync(path, 'utf8');
    const other = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}';
    writeFileSync(path, other);
    const { notes } = await merge('run', 'templated');
    writeFileSync(path, own);
    expect(notes).toContain(
      `the chat template is the one the model was trained with, not that of ${at('model')}`,
    );
    expect(text('templated', 'chat_template.jinja')).toBe(other);
    expect(json('templated', 'tokenizer_config.json')).toMatchObject({ padding_side: 'left' });
  });

  it('is rounded to the dtype asked for, in shards of the size asked for', async () => {
    const done: number[] = [];
    const phases: string[] = [];
    const { files, stored, bytes } = await merge(
      'run',
      'small',
      { dtype: 'bf16', maxShardSize: '20KB' },
      { onPhase: (name) => phases.push(name), onProgress: (n) => done.push(n) },
    );
    expect([stored, files.length > 2]).toEqual(['bf16', true]);
    expect(phases).toEqual(['reading what is merged', `writing ${at('small')}`, 'reading it again']);
    expect(Math.max(...done)).toBeLessThan(bytes);
    expect(json('small', 'config.json').torch_dtype).toBe('bfloat16');
    const model = await Model.load(at('small'));
    expect(model.dtype).toBe('bf16');
    model.dispose();
  });
});

it('a reward model is merged as a sequence classification', async () => {
  const { difference } = await merge('reward', 'merged-reward');
  expect(difference).toMatchObject({ of: 'rewards', count: 3 });
  expect(json('merged-reward', 'config.json').architectures).toEqual(['LlamaForSequenceClassification']);
  expect([...Safetensors.openIn(at('merged-reward'), 'model').tensors.keys()]).toContain('score.weight');
});

describe('no folder is written', () => {
  it('that holds something else, unless it may replace what a merge wrote', async () => {
    mkdirSync(at('mine'));
    writeFileSync(at('mine', 'notes.txt'), 'dear');
    await expect(merge('run', 'mine')).rejects.toThrow(/output_dir: expected a new folder or an empty one/);
    const overwriteOutputDir = true;
    await expect(merge('run', 'mine', { overwriteOutputDir })).rejects.toThrow(/a folder that a merge wrote/);
    await merge('run', 'twice');
    await expect(merge('run', 'twice')).rejects.toThrow(/expected a new folder/);
    await merge('run', 'twice', { overwriteOutputDir, dtype: 'bf16' });
    expect(json('twice', 'merge.json').stored).toBe('bf16');
    writeFileSync(at('twice', 'notes.txt'), 'dear');
    await expect(merge('run', 'twice', { overwriteOutputDir })).rejects.toThrow(
      /nothing but what a merge wrote, .* with notes.txt/,
    );
    expect(text('mine', 'notes.txt') + text('twice', 'notes.txt')).toBe('deardear');
  });

  it.each(['run', 'run/final', 'model', '.', 'run/final/merged'])('that is an input: %s', async (place) => {
    const refused = merge('run', place, { overwriteOutputDir: true });
    await expect(refused).rejects.toThrow(/output_dir: expected a folder apart from what is read/);
    expect(existsSync(at('run/final/adapter_model.safetensors'))).toBe(true);
  });

  it.each<[MergeOptions, RegExp]>([
    [{ quantization: 'F16' }, /quantization: expected left out with format safetensors/],
    [{ adapterOnly: true }, /adapter_only: expected format gguf/],
    [{ format: 'gguf', dtype: 'bf16' }, /dtype: expected left out with format gguf/],
    [{ format: 'gguf', maxShardSize: '1GB' }, /max_shard_size: expected left out with format gguf/],
    [{ format: 'gguf', adapterOnly: true, quantization: 'Q8_0' }, /quantization: expected F32 or F16 for an/],
  ])('of choices that do not go together: %j', async (options, message) => {
    await expect(merge('run', 'never', options)).rejects.toThrow(message);
    expect(existsSync(at('never'))).toBe(false);
  });

  it('when the work is stopped, nor anything beside', async () => {
    const controller = new AbortController();
    const onPhase = (name: string) => {
      if (name.startsWith('writing')) controller.abort();
    };
    const stopped = merge('run', 'stopped', {}, { signal: controller.signal, onPhase });
    await expect(stopped).rejects.toThrow(/aborted/);
    expect(readdirSync(room).filter((name) => name.includes('stopped'))).toEqual([]);
  });

  it('of weights that are not finite', async () => {
    await merge('run', 'broken');
    const path = at('broken', 'model.safetensors');
    const bytes = readFileSync(path);
    bytes.writeFloatLE(Infinity, bytes.length - 4);
    writeFileSync(path, bytes);
    await expect(merge('broken', 'again')).rejects.toThrow(/expected finite values in/);
    expect(existsSync(at('again'))).toBe(false);
  });
});
