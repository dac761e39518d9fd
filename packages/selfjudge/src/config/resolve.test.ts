import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loraFields, modelFields } from './fields.js';
import { resolveConfig, toOptions, valuesOf, type ConfigSources } from './resolve.js';
import { TRAINING_VERBS, type TrainingVerb } from './verbs.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string | object): string {
  const path = join(folder, `${files++}.yaml`);
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const REQUIRED = { model_name_or_path: 'm', dataset_name: 'a.jsonl', output_dir: 'out' };
const resolved = (verb: TrainingVerb, { flags, ...sources }: ConfigSources = {}) =>
  resolveConfig(verb, { ...sources, flags: { ...REQUIRED, ...flags } });

describe('resolveConfig', () => {
  it('takes defaults, then the file, then flags', () => {
    const path = file({ learning_rate: 1e-3, lora_r: 4 });
    expect(resolved('sft')).toMatchObject({ learning_rate: 2e-4, lora_r: 8, dataset_split: 'all' });
    expect(resolved('sft', { file: path, flags: { lora_r: '2' } })).toMatchObject({
      learning_rate: 1e-3,
      lora_r: 2,
    });
  });

  it('has a value for every field of every verb and preset, which resolves to itself', () => {
    for (const verb of Object.keys(TRAINING_VERBS) as TrainingVerb[]) {
      for (const preset of Object.keys(TRAINING_VERBS[verb].presets)) {
        const config = resolved(verb, { preset });
        expect(Object.keys(config).sort()).toEqual(Object.keys(TRAINING_VERBS[verb].fields).sort());
        expect(resolveConfig(verb, { file: file({ verb, ...config }) })).toEqual(config);
      }
    }
  });

  it("holds the paper's values in its preset, named as a flag or in the file", () => {
    const paper = {
      learning_rate: 2e-5,
      lora_target_modules: ['q_proj', 'v_proj'],
      loss_normalization: 'token',
    };
    expect(resolved('jsft', { preset: 'paper' })).toMatchObject(paper);
    expect(resolved('jsft', { file: file('preset: paper') })).toMatchObject(paper);
    expect(resolved('jsft', { file: file('preset: paper'), preset: 'default' }).learning_rate).toBe(2e-4);
    expect(resolved('self-train', { preset: 'paper' })).toMatchObject({ top_k: 50, max_new_tokens: 768 });
    expect(() => resolved('dpo', { preset: 'defualt' })).toThrow(/preset: .*did you mean 'default'/);
  });

  it.each(['model_name_or_path', 'dataset_name', 'output_dir'])('refuses what is no path: %s', (key) => {
    for (const received of ['', 'a\0b']) {
      const config = { ...REQUIRED, [key]: received };
      expect(() => resolveConfig('sft', { file: file(config) })).toThrow(key);
      if (key !== 'dataset_name') continue;
      const several = { ...REQUIRED, dataset_name: ['a.jsonl', received] };
      expect(() => resolveConfig('sft', { file: file(several) })).toThrow(key);
    }
  });

  it('reads flags as the text they are: numbers, switches, lists, paths that look like numbers', () => {
    const config = resolved('dpo', {
      flags: {
        learning_rate: '3e-5',
        full_finetuning: 'true',
        lora_target_modules: ['q_proj', 'v_proj'],
        dataset_name: ['a.jsonl', 'b.jsonl'],
        output_dir: '2024',
      },
    });
    expect(config).toMatchObject({
      learning_rate: 3e-5,
      full_finetuning: true,
      lora_target_modules: ['q_proj', 'v_proj'],
      dataset_name: ['a.jsonl', 'b.jsonl'],
      output_dir: '2024',
    });
    expect(resolved('dpo', { flags: { lora_target_modules: 'q_proj, k_proj' } }).lora_target_modules).toEqual(
      ['q_proj', 'k_proj'],
    );
    expect(
      resolved('dpo', { flags: { lora_target_modules: 'all-linear' } }).lora_target_modules,
    ).toHaveLength(7);
    expect(resolved('dpo').dataset_name).toEqual(['a.jsonl']);
  });

  it('takes kebab-case in files', () => {
    expect(resolved('sft', { file: file('learning-rate: 0.5\nlora-r: 3') })).toMatchObject({
      learning_rate: 0.5,
      lora_r: 3,
    });
  });

  it('names the nearest key of an unknown one', () => {
    const unknown = () => resolved('sft', { file: file('lerning_rate: 1') });
    expect(unknown).toThrow(
      "lerning_rate: expected a key of this verb, received 1 (did you mean 'learning_rate'?)",
    );
    expect(() => resolved('sft', { flags: { constructor: '1' } })).toThrow(/expected a key of this verb/);
  });

  it('names key, range and value of a wrong one', () => {
    const wrong = (flags: Record<string, string>) => () => resolved('self-train', { flags });
    expect(wrong({ learning_rate: '-1' })).toThrow(/learning_rate: expected above 0 .*received -1/);
    expect(wrong({ learning_rate: 'fast' })).toThrow(/learning_rate: expected a number .*received fast/);
    expect(wrong({ lora_r: '1.5' })).toThrow(/lora_r: expected a whole number .*received 1.5/);
    expect(wrong({ top_p: '1.5' })).toThrow(/top_p: expected at most 1 /);
    expect(wrong({ loss_type: 'hing' })).toThrow(/one of sigmoid, hinge, ipo, .*did you mean 'hinge'/);
    expect(wrong({ dtype: 'float8' })).toThrow(/dtype: expected one of float32, bf16 /);
    expect(wrong({ dtype: 'float16' })).toThrow(
      /dtype: expected bf16, which takes as much memory .*received float16$/,
    );
    expect(wrong({ full_finetuning: 'maybe' })).toThrow(/full_finetuning: expected true or false/);
    expect(wrong({ lora_target_modules: 'query' })).toThrow(/lora_target_modules: expected one of q_proj, /);
    expect(wrong({ beta: '{' })).toThrow(/beta: expected a number/);
    expect(() => resolveConfig('sft', {})).toThrow(
      /model_name_or_path: expected run folder.*received nothing/,
    );
  });

  it('refuses files that are none, lists, and configurations of another verb', () => {
    expect(() => resolved('sft', { file: join(folder, 'none.yaml') })).toThrow(/none.yaml: .*ENOENT/);
    expect(() => resolved('sft', { file: file('- 1') })).toThrow(/a mapping of keys to values/);
    expect(() => resolved('sft', { file: file('a: [') })).toThrow(/a YAML or JSON file/);
    expect(() => resolved('sft', { file: file('verb: dpo') })).toThrow(
      'verb: expected sft, as was called, received dpo',
    );
  });
});

describe("TRL's keys", () => {
  it('are taken under their own names', () => {
    expect(resolved('self-train', { flags: { max_completion_length: '7', lr: '0.5' } })).toMatchObject({
      max_new_tokens: 7,
      learning_rate: 0.5,
    });
  });

  it('are refused with the reason where they mean nothing here', () => {
    expect(() => resolved('dpo', { flags: { optim: 'adafactor' } })).toThrow(
      /optim: expected adamw_torch: the one optimizer is AdamW/,
    );
    expect(() => resolved('sft', { file: file('load_in_4bit: true') })).toThrow(
      /load_in_4bit: expected left out/,
    );
  });

  it('multiply to the global batch, across file and flags', () => {
    const path = file('per-device-train-batch-size: 4\ngradient_accumulation_steps: 2');
    expect(resolved('sft', { file: path }).train_batch_size).toBe(8);
    expect(
      resolved('sft', { file: path, flags: { gradient_accumulation_steps: '5' } }).train_batch_size,
    ).toBe(20);
    expect(resolved('sft', { file: path, flags: { train_batch_size: '3' } }).train_batch_size).toBe(3);
    expect(resolved('sft', { flags: { gradient_accumulation_steps: '6' } }).train_batch_size).toBe(6);
    expect(() => resolved('sft', { flags: { gradient_accumulation_steps: '0' } })).toThrow(
      /gradient_accumulation_steps: expected a whole number of at least 1, received 0/,
    );
    expect(() =>
      resolved('sft', { file: file('train_batch_size: 8\nper_device_train_batch_size: 4') }),
    ).toThrow(/train_batch_size: expected 4, as per_device_train_batch_size x gradient_accumulation_steps/);
  });
});

describe('valuesOf', () => {
  const { loraR, dtype, ...others } = { ...loraFields, ...modelFields };
  it('gives the options that are asked for, each of its type', () => {
    const values = valuesOf({ loraR, dtype }, resolved('dpo'));
    const rank: number = values.loraR;
    const storage: 'float32' | 'bf16' = values.dtype;
    expect({ rank, storage, keys: Object.keys(values) }).toEqual({
      rank: 8,
      storage: 'bf16',
      keys: ['loraR', 'dtype'],
    });
  });

  it('names every key that is missing or out of its range', () => {
    const { lora_r: _, ...config } = resolved('dpo');
    expect(() => valuesOf({ loraR, dtype, ...others }, { ...config, dtype: 'int4' })).toThrow(
      /^lora_r: expected rank, received nothing\ndtype: expected one of float32, bf16 \(.*\), received int4$/,
    );
  });
});

describe('toOptions', () => {
  it("gives the API's names", () => {
    expect(toOptions(resolved('dpo'))).toMatchObject({
      modelNameOrPath: 'm',
      adamBeta1: 0.9,
      precomputeRefLogProbs: false,
    });
  });
});
