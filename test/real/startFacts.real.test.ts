// What is said of a run before its first step, and after its third, against what happens.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device } from '@selfjudge/engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveConfig, type TrainingVerb } from '../../packages/selfjudge/src/config/index.js';
import type { StartFacts } from '../../packages/selfjudge/src/training/startFacts.js';
import { runTraining } from '../../packages/selfjudge/src/training/train.js';
import { rowsOf } from '../support/cli.js';
import { figure, weights } from './real.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-start-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const STEPS = 10;
const SENTENCES = [
  'The river rises in the hills.',
  'Tea is made of leaves.',
  'Bread needs an hour in the oven.',
];

beforeAll(() => {
  // Of lengths as data have them, from a few words to some hundred tokens.
  const rows = Array.from({ length: 40 }, (_, i) => ({
    prompt: [{ role: 'user', content: `Question ${i}: ${SENTENCES[i % 3].repeat(1 + (i % 5))}` }],
    chosen: SENTENCES[(i + 1) % 3].repeat(1 + (i % 9)),
    rejected: SENTENCES[(i + 2) % 3].repeat(1 + (i % 4)),
  }));
  writeFileSync(at('pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

const SMALL = { train_batch_size: '2', lora_target_modules: ['q_proj', 'v_proj'], lora_dropout: '0' };
const RUNS: [TrainingVerb, Record<string, string | string[]>][] = [
  ['sft', SMALL],
  ['jsft', { ...SMALL, train_batch_size: '1', judge_batch_size: '1' }],
  ['dpo', SMALL],
  ['reward', SMALL],
  ['self-train', { ...SMALL, max_new_tokens: '16', missing_eos: 'keep', judge_template: 'plain' }],
];

it.skipIf(weights === '').each(RUNS)('%s: memory and time are what was said', async (verb, flags) => {
  const config = resolveConfig(verb, {
    flags: {
      model_name_or_path: weights,
      dataset_name: at('pairs.jsonl'),
      dataset_split: 'all',
      output_dir: at(verb),
      max_steps: String(STEPS),
      ...flags,
    },
  });
  let facts: StartFacts | undefined;
  let expected: { seconds: number; steps: number } | undefined;
  await runTraining(verb, config, {
    onFacts: (given) => (facts = given),
    onExpectedTime: (seconds, steps) => (expected = { seconds, steps }),
  });
  const { peak } = Device.open('auto').memory();
  const steps = rowsOf(readFileSync(join(at(verb), 'metrics.jsonl'), 'utf8'));
  const seconds = steps.slice(3).reduce((sum, row) => {
    return sum + (row.step_time as number) - ((row['time/checkpoint'] as number | undefined) ?? 0);
  }, 0);
  const memory = facts!.memory!.peak / peak;
  const time = expected!.seconds / seconds;
  figure(`${verb}: memory said over memory taken`, memory);
  figure(`${verb}: time said over time taken`, time);
  expect(expected!.steps).toBe(STEPS - 3);
  expect(memory).toBeGreaterThan(verb === 'self-train' ? 1 : 0.9);
  if (verb !== 'self-train') expect(memory).toBeLessThan(1.1);
  // Of a quiet machine within a quarter; one with other work changes between the steps that are timed and the others.
  expect(time).toBeGreaterThan(0.5);
  expect(time).toBeLessThan(2);
});
