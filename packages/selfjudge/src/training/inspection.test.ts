import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { METHODS, type Method, type MethodName } from '@selfjudge/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MODEL_VERBS } from '../config/index.js';
import { inspect, type InspectOptions } from './inspection.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-inspection-'));
const at = (name: string) => join(dir, name);
const names = Object.keys(METHODS) as MethodName[];
beforeAll(async () => {
  const model = byteModel();
  await model.save(at('model'));
  model.dispose();
  writeFileSync(at('rows.jsonl'), '{"prompt": "Hi", "chosen": "Yo", "rejected": "No way"}\n');
  writeFileSync(at('labelled.jsonl'), JSON.stringify({ prompt: 'q', completion: 'yes', label: true }));
});
afterAll(() => rmSync(dir, { recursive: true }));

const look = (options: Partial<InspectOptions> = {}, file = 'rows.jsonl') =>
  inspect(at(file), {
    modelNameOrPath: at('model'),
    as: 'auto',
    datasetSplit: 'all',
    rows: 1,
    promptFormat: 'chat',
    ...options,
  });

describe('inspect', () => {
  it('reads as any method, which are those that --as takes', () => {
    const { as } = MODEL_VERBS.inspect.options;
    expect(as).toBeInstanceOf(z.ZodEnum);
    expect(as.options).toEqual(['auto', ...names, 'judge']);
  });

  // A pair is a row of every kind but one: an answer to imitate, two to compare, a prompt.
  it.each(names)('%s shows what it makes of a row, within the lengths it takes by default', async (as) => {
    const { rows, fields }: Method = METHODS[as];
    const { shown, leftOut, limit, counts } = await look(
      { as },
      rows === 'labelled' ? 'labelled.jsonl' : undefined,
    );
    expect(leftOut).toEqual([]);
    const sequences = shown[0].parts.flatMap((part) => part.sequences);
    for (const { tokens, kinds } of sequences) expect(kinds).toHaveLength(tokens.length);
    const labels = Object.values(counts).flatMap((one) => Object.keys(one.labels));
    expect(labels.length > 0).toBe(rows !== 'prompts');
    const [length] = ['maxLength', 'maxPromptLength'].filter((key) => Object.hasOwn(fields, key));
    expect(limit).toBe(fields[length].default);
  });

  it('knows answers with labels by their columns', async () => {
    expect((await look({}, 'labelled.jsonl')).as).toBe('kto');
  });

  it('takes every option that the run began with, and says which flags the verb has not', async () => {
    mkdirSync(at('run/final'), { recursive: true });
    const config = ['verb: self-train', 'max_prompt_length: 40', 'max_new_tokens: 9', 'dataset_name: [a]'];
    writeFileSync(at('run/config.yaml'), config.join('\n'));
    const model = byteModel();
    await model.save(at('run/final'));
    model.dispose();
    const found = await look({ modelNameOrPath: at('run'), maxLength: 5 });
    expect(found).toMatchObject({ as: 'self-train', limit: 40 });
    expect(found.notes.slice(0, 2)).toEqual([
      `as the run in ${at('run')} began: as self-train, max_prompt_length 40`,
      'max_length does nothing: self-train has no such option',
    ]);
    expect((await look({ as: 'judge', trainOn: 'all' })).notes).toContain(
      'train_on does nothing: judge has no such option',
    );
  });
});
