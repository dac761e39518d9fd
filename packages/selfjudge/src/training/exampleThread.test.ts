import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import { byteTokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import type { MethodName } from '@selfjudge/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig, type TrainingVerb } from '../config/index.js';
import { ExampleThread } from './exampleThread.js';
import { runTraining, type TrainInputs } from './train.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-example-thread-'));
const at = (...names: string[]) => join(dir, ...names);
afterAll(() => rmSync(dir, { recursive: true }));

const ROWS = 12;
const rows = Array.from({ length: ROWS }, (_, i) => ({
  prompt: [{ role: 'user', content: `Name ${i}? <|im_end|>` }],
  tools: [{ name: 'f', most: i }],
  chosen: `Yes ${i}.`,
  rejected: 'No.',
  completion: `Yes ${i}.`,
  label: i % 2 === 0,
  margin: 0.5,
}));
const lines = (of: readonly object[]) => of.map((row) => `${JSON.stringify(row)}\n`).join('');

beforeAll(async () => {
  const model = byteModel();
  await model.save(at('base'));
  model.dispose();
  writeFileSync(at('rows.jsonl'), lines(rows));
  // Two of them leave no room for an answer.
  const long = { role: 'user', content: 'Why? '.repeat(40) };
  writeFileSync(
    at('long.jsonl'),
    lines(rows.map((row, i) => (i % 6 === 2 ? { ...row, prompt: [long] } : row))),
  );
});

async function train(
  verb: TrainingVerb,
  out: string,
  inputs: TrainInputs = {},
  { file = 'rows.jsonl', stopAfter = Infinity, flags = {} as Record<string, string> } = {},
) {
  const told: string[] = [];
  const stop = new AbortController();
  const config = resolveConfig(verb, {
    flags: {
      model_name_or_path: at('base'),
      dataset_name: at(file),
      output_dir: at(out),
      dataset_split: 'all',
      dtype: 'float32',
      learning_rate: '2e-2',
      train_batch_size: '4',
      max_steps: '5',
      max_length: '128',
      save_steps: '0',
      lora_r: '2',
      chat_template_date: '2026-11-29',
      ...flags,
    },
  });
  const result = await runTraining(
    verb,
    config,
    {
      signal: stop.signal,
      onNote: (line) => void told.push(line),
      onWarning: (line) => void told.push(line),
      onLog: ({ step }) => void (step >= stopAfter && stop.abort()),
    },
    inputs,
  );
  return { result, told: told.join('\n') };
}
const weights = (out: string) => readFileSync(at(out, 'final', 'adapter_model.safetensors'));

describe('examples made beside the training', () => {
  it.each(['sft', 'dpo', 'kto', 'reward'] as const)('train %s to the bits of known ones', async (verb) => {
    const flags = { max_steps: '3' };
    const known = await train(verb, `${verb}-known`, {}, { flags });
    expect(known.told).not.toContain('a thread beside');
    const { told } = await train(verb, `${verb}-beside`, { knownRows: ROWS - 1 }, { flags });
    expect(told).toMatch(/of 12 rows are made as steps need them, in a thread beside the training/);
    expect(weights(`${verb}-beside`).equals(weights(`${verb}-known`))).toBe(true);
  });

  it('are counted as they come, and a run that was stopped goes on with the rows after those it took', async () => {
    const options = { file: 'long.jsonl' };
    const { told } = await train('dpo', 'whole', { knownRows: 0 }, options);
    expect(told).toMatch(/pairs left out so far \(\d+ prompt-too-long\); the last: .*long\.jsonl:(3|9) \(/);
    expect(told).toMatch(/pairs left out in all, since the run began or went on \(\d+ prompt-too-long\)/);
    const cut = await train('dpo', 'cut', { knownRows: 0 }, { ...options, stopAfter: 3 });
    expect(cut.result.status).toBe('interrupted');
    await train('dpo', 'cut', { knownRows: 0 }, options);
    expect(weights('cut').equals(weights('whole'))).toBe(true);
    // Of known examples the two are no rows at all, so that steps are others.
    await train('dpo', 'others', {}, options);
    expect(weights('others').equals(weights('whole'))).toBe(false);
  });

  it('a moving reference is kept beside the place in the rows', async () => {
    const flags = { sync_ref_model: 'true', ref_model_sync_steps: '2', ref_model_mixup_alpha: '1' };
    await train('dpo', 'moving-known', {}, { flags });
    const inputs = { knownRows: 0 };
    await train('dpo', 'moving', inputs, { flags, stopAfter: 3 });
    await train('dpo', 'moving', inputs, { flags });
    expect(weights('moving').equals(weights('moving-known'))).toBe(true);
  });

  it('that fail there fail here with the error itself, and a thread that ends leaves the work to this one', async () => {
    const tokenizer = byteTokenizer();
    const threadOf = (method: string) =>
      new ExampleThread([{ id: 'good' }, { id: 'bad' }], {
        method: method as MethodName,
        options: {},
        files: tokenizer.files,
        settings: {},
        prepare: ({ id }) => {
          if (id === 'bad')
            throw new ArgumentError('row', { where: 'here', expected: 'another', received: id });
          return { examples: [id], dropped: [], cut: 0 };
        },
        longest: '',
        onUsed: () => {},
      });
    // Rows without columns fail in the thread; without a method it ends before it reads one.
    for (const thread of [threadOf('dpo'), threadOf('none')]) {
      const [bad, good] = [thread.make(1), thread.make(0)];
      await expect(bad).rejects.toThrow('[here] row: expected another, received bad');
      expect((await good).examples).toEqual(['good']);
      thread.dispose();
    }
  });

  it('cannot be scored before the first step', async () => {
    const flags = { precompute_ref_log_probs: 'true' };
    await expect(train('dpo', 'precomputed', { knownRows: 0 }, { flags })).rejects.toThrow(
      /precompute_ref_log_probs: expected false for 12 rows/,
    );
  });
});
