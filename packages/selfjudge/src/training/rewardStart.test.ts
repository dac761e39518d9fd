import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import type { MetricsRow } from '@selfjudge/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../config/index.js';
import { openRewardModel } from '../models/rewardModel.js';
import { runTraining } from './train.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-reward-start-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const pairs = Array.from({ length: 6 }, (_, i) => ({
  prompt: `Name ${i}?`,
  chosen: `Yes ${i}.`,
  rejected: 'No.',
}));

/** Trains a reward model on `start`: all pairs in each of its steps. */
async function train(start: string, out: string, flags: Record<string, string> = {}) {
  const given = {
    model_name_or_path: at(start),
    dataset_name: at('pairs.jsonl'),
    output_dir: at(out),
    prompt_format: 'chat',
    dtype: 'float32',
    learning_rate: '2e-2',
    train_batch_size: '6',
    max_steps: '3',
    lora_r: '2',
  };
  const rows: MetricsRow[] = [];
  const notes: string[] = [];
  const config = resolveConfig('reward', { flags: { ...given, ...flags } });
  await runTraining('reward', config, {
    onLog: (row) => void rows.push(row),
    onNote: (note) => void notes.push(note),
  });
  return { rows, notes };
}

/** What a reward model gives both sides of each pair. */
async function rewardsOf(path: string): Promise<[chosen: number, rejected: number][]> {
  const { scorer, dispose } = await openRewardModel(at(path), { dtype: 'float32' });
  try {
    const side = async (name: 'chosen' | 'rejected') =>
      scorer.score(pairs.map(({ prompt, [name]: answer }) => ({ prompt, answer })));
    const [chosen, rejected] = [await side('chosen'), await side('rejected')];
    return chosen.map((reward, i) => [reward, rejected[i]]);
  } finally {
    dispose();
  }
}

beforeAll(async () => {
  const model = byteModel();
  await model.save(at('base'));
  model.dispose();
  writeFileSync(at('pairs.jsonl'), pairs.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await train('base', 'adapter');
  await train('base', 'full', { full_finetuning: 'true', max_steps: '2' });
});

describe('a reward model is trained further', () => {
  it.each([
    ['adapter', 'stacked', {}, 4],
    ['full', 'on all', {}, 2],
    ['full', 'all', { full_finetuning: 'true' }, undefined],
  ])('%s, by %s: it begins with its rewards, head and all', async (start, out, flags, rank) => {
    const { rows, notes } = await train(start, out, { ...flags, max_steps: '1' });
    expect(notes).toContain('it is a reward model: its head is trained further');
    const before = await rewardsOf(start);
    const mean = (of: (chosen: number, rejected: number) => number) =>
      before.reduce((sum, pair) => sum + of(...pair), 0) / before.length;
    const { loss, margin, max_reward } = rows[0].metrics;
    const expected = mean((chosen, rejected) => Math.log1p(Math.exp(rejected - chosen)));
    expect(Math.abs(expected - Math.LN2)).toBeGreaterThan(1e-3);
    expect(loss).toBeCloseTo(expected, 5);
    const difference = mean((chosen, rejected) => chosen - rejected);
    expect(margin).toBeCloseTo(difference, 5);
    expect(max_reward).toBeCloseTo(Math.max(...before.flat()), 5);
    const after = await rewardsOf(out);
    expect(after.every(([reward], i) => Number.isFinite(reward) && reward !== before[i][0])).toBe(true);
    if (rank === undefined) return;
    const config = JSON.parse(readFileSync(at(`${out}/final/adapter_config.json`), 'utf8')) as object;
    expect(config).toMatchObject({ r: rank, task_type: 'SEQ_CLS', modules_to_save: ['score'] });
  });

  it('ends with the same bits where it is stopped, and not from another one', async () => {
    await train('adapter', 'parts', { max_steps: '2' });
    await train('adapter', 'parts', { max_steps: '4' });
    await train('adapter', 'straight', { max_steps: '4' });
    const weights = (out: string) => readFileSync(at(`${out}/final/adapter_model.safetensors`), 'hex');
    expect(weights('parts')).toBe(weights('straight'));
    await expect(train('stacked', 'parts', { max_steps: '5' })).rejects.toThrow(
      /model_name_or_path: expected the head of the reward model that the run in .*parts began with/,
    );
  });

  it('but no adapter in full', async () => {
    await expect(train('adapter', 'none', { full_finetuning: 'true' })).rejects.toThrow(
      /full_finetuning: expected a whole model, as an adapter cannot be trained in full/,
    );
  });
});
