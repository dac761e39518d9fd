import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isError } from '@selfjudge/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  carryTrainingData,
  promptKey,
  readTrainingData,
  resolvePromptFormat,
  saveTrainingData,
} from './trainingData.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-training-data-'));
const at = (...names: string[]) => ({ path: join(dir, ...names) });
beforeAll(() => {
  for (const name of ['model', 'run/final', 'run/checkpoints/step-4', 'old/final', 'copy'])
    mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'old/config.yaml'), 'verb: sft\ndataset_name: a.jsonl\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

it('is written beside weights, read and carried', () => {
  const data = { promptFormat: 'standard', prompts: new Set([promptKey('b'), promptKey('a')]) } as const;
  saveTrainingData(data, at('run/final').path);
  expect(readTrainingData(at('run/final'))).toEqual(data);
  carryTrainingData(at('run/final').path, at('copy').path);
  expect(readTrainingData(at('copy'))).toEqual(data);
  saveTrainingData({ promptFormat: 'chat' }, at('run/checkpoints/step-4').path);
  expect(readTrainingData(at('run/checkpoints/step-4'))).toEqual({ promptFormat: 'chat' });
});

it('is unknown of a model from elsewhere, and one user turn a string of a run before it was written', () => {
  expect(readTrainingData(at('model'))).toBeUndefined();
  expect(readTrainingData(at('old/final'))).toEqual({ promptFormat: 'chat' });
  expect(resolvePromptFormat('auto', at('model'))).toBe('standard');
  expect(resolvePromptFormat('auto', at('old/final'))).toBe('chat');
  expect(resolvePromptFormat('standard', at('old/final'))).toBe('standard');
});

it('tells prompts apart as splits do', () => {
  expect(promptKey('What  is TEA?')).toBe(promptKey([{ role: 'user', content: 'what is tea?' }]));
  expect(promptKey({ text: 'what is tea?' })).toBe(promptKey('what is tea?'));
  expect(promptKey('a')).not.toBe(promptKey('b'));
});

it.each(['{"prompt_format":"raw"}', '{"prompt_format":"chat","prompts":["x"]}', '{', '{}'])(
  'is named where it is damaged: %s',
  (text) => {
    writeFileSync(join(dir, 'model/training_data.json'), text);
    let failure: unknown;
    try {
      readTrainingData(at('model'));
    } catch (error) {
      failure = error;
    }
    expect(isError(failure, 'SJ_FILE_FORMAT') && failure.message).toContain('training_data.json');
    rmSync(join(dir, 'model/training_data.json'));
  },
);
