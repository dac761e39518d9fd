import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, fill, Tensor } from '@selfjudge/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { selfTrainingDefaults } from '../methods/defaults.js';
import { Profile, type ProfileRow } from './profile.js';
import { RunFolder } from '../loop/runFolder.js';
import type { MetricsRow } from '../runs/rows.js';
import { train } from '../loop/runner.js';
import type { RunnerOptions, TrainingTask } from '../loop/trainingTask.js';
import { selfTrainingTask } from '../methods/selfTraining.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';

const model = tinyModel();
const start = await trainedAdapter(model, 4);
const root = mkdtempSync(join(tmpdir(), 'selfjudge-profile-'));
afterAll(() => {
  [start, model].forEach((one) => one.dispose());
  rmSync(root, { recursive: true });
});

const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, 1000 * seconds));
function spin(seconds: number): void {
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end);
}

/** Self-training with a dev signal, each part of which takes its own time. */
function slowTask(seconds: Record<'data' | 'judge' | 'reference' | 'update' | 'eval' | 'save', number>) {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const reference = Object.assign(Object.create(trainable.reference) as typeof trainable.reference, {
    score: async (batch: Parameters<typeof trainable.reference.score>[0]) => {
      await sleep(seconds.reference);
      return trainable.reference.score(batch);
    },
  });
  const judge: typeof hashJudge = {
    compare: async (pairs) => {
      await sleep(seconds.judge);
      return hashJudge.compare(pairs);
    },
  };
  const options = { ...selfTrainingDefaults, maxSteps: 4, trainBatchSize: 3, maxNewTokens: 6 };
  const slow: TrainingTask['trainable'] & { reference: typeof reference } = {
    ...trainable,
    reference,
    save: async (dir) => {
      await sleep(seconds.save);
      await trainable.save(dir);
    },
  };
  const task = selfTrainingTask(
    { trainable: slow, judge, tokenizer: model.tokenizer!, options: { ...options, missingEos: 'keep' } },
    { prompts: tinyPrompts(model, 7) },
  );
  const { optimizer, order } = task;
  const step = optimizer.step.bind(optimizer);
  optimizer.step = async (rate) => (await sleep(seconds.update), step(rate));
  const batch = order.batch.bind(order);
  order.batch = (at) => (spin(seconds.data), batch(at));
  task.selection = {
    every: 2,
    startSignal: 0,
    evaluate: async () => {
      await sleep(seconds.eval);
      return { metrics: {}, signal: 1, eligible: true, stop: false };
    },
  };
  return task;
}

const lines = (path: string) =>
  readFileSync(join(path, 'profile.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ProfileRow);

async function runIn(path: string, task: TrainingTask, options: Partial<RunnerOptions> = {}) {
  const folder = RunFolder.open(path);
  try {
    return await train(task, { folder, saveSteps: 2, saveTotalLimit: 0, resume: true, ...options });
  } finally {
    folder.close();
  }
}

describe('Profile', () => {
  it('times work where it was asked for, and counts it there', async () => {
    const device = Device.open();
    const x = Tensor.zeros(device, [1 << 24]);
    const profile = new Profile(device);
    for (let i = 0; i < 10; i++) fill(x, i);
    await profile.lap('update');
    await profile.lap('other');
    const { phases, ops } = profile.take();
    expect(phases.update).toMatchObject({ calls: 10, flops: 0, bytes: 10 * 4 * 2 ** 24 });
    expect(phases.other).toMatchObject({ calls: 0, flops: 0, bytes: 0 });
    expect(phases.update!.seconds).toBeGreaterThan(10 * phases.other!.seconds);
    expect(ops).toEqual({ fill: { calls: 10, flops: 0, bytes: 10 * 4 * 2 ** 24 } });
    expect(profile.take()).toEqual({ phases: {}, ops: {} });
    x.dispose();
  });
});

describe('train', () => {
  it('gives every second of a step to a phase, and to the right one', async () => {
    const seconds = { data: 0.02, judge: 0.03, reference: 0.04, update: 0.05, eval: 0.06, save: 0.07 };
    const rows: MetricsRow[] = [];
    const path = join(root, 'slow');
    const task = slowTask(seconds);
    const before = performance.now();
    let wall = 0;
    await runIn(path, task, {
      onLog: (row) => {
        rows.push(row);
        wall = (performance.now() - before) / 1000;
        spin(0.03);
      },
    });
    expect(rows).toHaveLength(4);
    let total = 0;
    for (const { step, metrics } of rows) {
      const times = Object.entries(metrics).filter(([name]) => name.startsWith('time/'));
      const sum = times.reduce((seconds, [, value]) => seconds + value, 0);
      expect(Math.abs(sum - metrics.step_time) / metrics.step_time).toBeLessThan(0.05);
      total += sum;
      const least = (phase: string, value: number) => {
        // A timer may be early by a millisecond.
        expect(metrics[`time/${phase}`], `${phase} of step ${step}`).toBeGreaterThan(value - 0.002);
      };
      for (const phase of ['data', 'judge', 'reference', 'update'] as const) least(phase, seconds[phase]);
      expect(metrics['time/generate']).toBeGreaterThan(0);
      if (step % 2 === 0) least('eval', seconds.eval);
      else expect(metrics).not.toHaveProperty(['time/eval']);
      // The callback is none of the phases; it and a checkpoint follow the row, and count to the next one.
      if (step > 1) least('other', 0.03);
      if (step === 3) least('checkpoint', seconds.save);
      else expect(metrics).not.toHaveProperty(['time/checkpoint']);
      expect(metrics['flops/generate']).toBeGreaterThan(0);
      expect(metrics['bytes/update']).toBeGreaterThan(0);
    }
    expect(Math.abs(total - wall) / wall).toBeLessThan(0.05);
    const profile = lines(path);
    expect(profile.map(({ step }) => step)).toEqual([1, 2, 3, 4, 4]);
    rows.forEach(({ metrics }, i) => {
      expect(metrics['time/update']).toBe(profile[i].phases.update!.seconds);
      expect(metrics['flops/reference']).toBe(profile[i].phases.reference!.flops);
    });
    // After the last step: its checkpoint and the result.
    expect(profile[4].phases.checkpoint!.seconds).toBeGreaterThan(2 * seconds.save - 0.004);
  });

  it('keeps the profile of a run that was stopped and went on, without the steps that were lost', async () => {
    const none = { data: 0, judge: 0, reference: 0, update: 0, eval: 0, save: 0 };
    const path = join(root, 'stopped');
    const controller = new AbortController();
    const first = await runIn(path, slowTask(none), {
      signal: controller.signal,
      onLog: ({ step }) => step === 3 && controller.abort(),
    });
    expect(first).toMatchObject({ status: 'interrupted', step: 3 });
    expect(lines(path).map(({ step }) => step)).toEqual([1, 2, 3, 3]);
    rmSync(join(path, 'checkpoints/step-3'), { recursive: true });
    await runIn(path, slowTask(none));
    expect(lines(path).map(({ step }) => step)).toEqual([1, 2, 3, 4, 4]);
  });

  it('goes on with a run of before there were profiles', async () => {
    const none = { data: 0, judge: 0, reference: 0, update: 0, eval: 0, save: 0 };
    const path = join(root, 'old');
    const controller = new AbortController();
    const stop = { signal: controller.signal, onLog: () => controller.abort() };
    await runIn(path, slowTask(none), stop);
    rmSync(join(path, 'profile.jsonl'));
    expect(await runIn(path, slowTask(none))).toMatchObject({ status: 'completed', step: 4 });
    expect(lines(path).map(({ step }) => step)).toEqual([2, 3, 4, 4]);
  });
});
