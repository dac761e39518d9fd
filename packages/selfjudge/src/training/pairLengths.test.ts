import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveConfig } from '../config/index.js';
import { runTraining } from './train.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-lengths-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));
beforeAll(async () => {
  const model = byteModel();
  await model.save(at('model'));
  model.dispose();
  // The longer one is better in nine of twelve.
  const rows = Array.from({ length: 12 }, (_, i) => {
    const [long, short] = [`Yes, it is so: ${'very '.repeat(2)}${i}.`, `No ${i}.`];
    return {
      prompt: `Is it ${i}?`,
      ...(i < 9 ? { chosen: long, rejected: short } : { chosen: short, rejected: long }),
    };
  });
  writeFileSync(at('pairs.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
});

it.each(['jsft', 'reward'] as const)('%s learns from pairs balanced by length, and says so', async (verb) => {
  const given = {
    model_name_or_path: at('model'),
    dataset_name: at('pairs.jsonl'),
    output_dir: at(verb),
    dataset_split: 'all',
    prompt_format: 'chat',
    dtype: 'float32',
    pair_lengths: 'balanced',
    num_train_epochs: '1',
    train_batch_size: '12',
    lora_r: '2',
    ...(verb === 'jsft' && { judge_batch_size: '6' }),
  };
  const said: string[] = [];
  await runTraining(verb, resolveConfig(verb, { flags: given }), {
    onNote: (line) => void said.push(line),
    onWarning: (line) => void said.push(line),
  });
  expect(said.join('\n')).toContain(
    'pair_lengths balanced: 6 of 12 pairs teach which answer is better: the longer one in 3, the shorter one in 3, equally long in 0',
  );
  expect(said.join('\n')).toMatch(
    /6 of 12 (judge examples|pairs) left out\n6 length-balance: .*answers of \d+ and \d+ characters/,
  );
});
