import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultError, OutOfMemoryError } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';
import { RunFolder } from './runFolder.js';
import type { MetricsRow } from '../runs/rows.js';
import { sftDefaults } from '../methods/defaults.js';
import { train } from './runner.js';
import { sftTask } from '../methods/sft.js';
import { fullTrainable } from '../optimizer/trainable.js';
import type { TrainingTask } from './trainingTask.js';
import { tinyExamples, tinyModel } from '../testing/tiny.js';
import { disposeModel, loop, newFolder, runIn, selfTask, stepsIn, stopAfter } from '../testing/runs.js';

afterAll(disposeModel);

describe('train, when nothing is learnt', () => {
  it('from no pair in any step, says so at the first one and ends with the cause; resumed too', async () => {
    const path = newFolder();
    const cut = () => selfTask(undefined, { missingEos: 'drop', maxNewTokens: 1, maxSteps: 3 });
    const warnings: string[] = [];
    const cause =
      /at least one step, received none: .*cut at 1 tokens.*raise max_new_tokens.*missing_eos keep/;
    await expect(runIn(path, cut(), { onWarning: (text) => warnings.push(text) })).rejects.toThrow(cause);
    expect(warnings.filter((text) => text.includes('step 1 had no pair to learn from'))).toHaveLength(1);
    expect(existsSync(join(path, 'final'))).toBe(false);
    await expect(runIn(path, cut())).rejects.toThrow(cause);
  });

  it('for no gradient is finite, ends with an error', async () => {
    const broken = tinyModel(2);
    const trainable = fullTrainable(broken);
    trainable.parameters.policy.load(new Float32Array(trainable.parameters.policy.size).fill(NaN));
    const { sft } = tinyExamples(3, 4);
    const task = sftTask(trainable, sft, { ...sftDefaults, trainBatchSize: 2, maxSteps: 2 });
    await expect(train(task, loop)).rejects.toThrow(
      /a finite gradient in at least one step, received none in 2/,
    );
    broken.dispose();
  });
});

describe('train, when something fails', () => {
  it('stops at a damaged checkpoint; without it goes on from the one before, with the same bits', async () => {
    const straight = selfTask();
    await train(straight, loop);
    const path = newFolder();
    const stop = stopAfter(7);
    await runIn(path, stop.task(selfTask()), { signal: stop.signal });
    const damaged = join(path, 'checkpoints', 'step-7');
    truncateSync(join(damaged, 'training_state.safetensors'), 100);
    await expect(runIn(path, selfTask())).rejects.toThrow(
      /step-7\/training_state\.safetensors: expected \d+ bytes, received 100\n.*goes on from \S+step-5$/,
    );
    expect(stepsIn(path)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    rmSync(damaged, { recursive: true });
    const resumed = selfTask();
    await runIn(path, resumed);
    expect(await resumed.trainable.parameters.policy.read()).toEqual(
      await straight.trainable.parameters.policy.read(),
    );
    expect(stepsIn(path)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  const memory = new OutOfMemoryError('y', { where: 'linear', expected: '9 bytes', received: 'none' });
  const fault = new FaultError({ op: 'linear', sequence: 7, cause: 'the device was lost' });
  it.each([
    ['memory runs out', memory, false],
    ['the device fails', fault, false],
    ['memory runs out after Ctrl-C', memory, true],
  ])('when %s in a step, ends with that error; the last checkpoint stands', async (_, error, aborted) => {
    const straight = selfTask();
    await train(straight, loop);
    const path = newFolder();
    const controller = new AbortController();
    const task = selfTask();
    const failing: TrainingTask = {
      ...task,
      step: async (at) => {
        const report = await task.step({ ...at, signal: undefined });
        if (at.step < 8) return report;
        // The parameters are those of a step that is not over.
        if (aborted) controller.abort();
        throw error;
      },
    };
    await expect(runIn(path, failing, { signal: controller.signal })).rejects.toBe(error);
    expect(readdirSync(join(path, 'checkpoints'))).toEqual(['step-5']);
    expect(existsSync(join(path, 'final'))).toBe(false);
    const resumed = selfTask();
    expect(await runIn(path, resumed)).toMatchObject({ status: 'completed', step: 10 });
    expect(await resumed.trainable.parameters.policy.read()).toEqual(
      await straight.trainable.parameters.policy.read(),
    );
    expect(stepsIn(path)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('reviews a resumed run as one that was not interrupted', async () => {
    const reviewed = () => {
      const rows: MetricsRow[] = [];
      const review = (row: MetricsRow) => {
        rows.push(row);
        return row.step === 3 || row.step === 8 ? `at ${row.step}` : undefined;
      };
      return { rows, task: { ...selfTask(), review } };
    };
    const path = newFolder();
    const warnings: string[] = [];
    const options = { onWarning: (message: string) => void warnings.push(message) };
    const first = reviewed();
    const stop = stopAfter(7);
    await runIn(path, stop.task(first.task), { ...options, signal: stop.signal });
    const second = reviewed();
    await runIn(path, second.task, options);
    expect(second.rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(second.rows.slice(0, 7)).toEqual(first.rows);
    expect(warnings).toEqual(['at 3', 'at 8']);
  });

  it('says when lines of the metrics are lost', async () => {
    const path = newFolder();
    const stop = stopAfter(7);
    await runIn(path, stop.task(selfTask()), { signal: stop.signal });
    const metrics = join(path, 'metrics.jsonl');
    writeFileSync(metrics, readFileSync(metrics, 'utf8').replace('{"step":4', '{"ste'));
    await expect(runIn(path, selfTask())).rejects.toThrow(
      /metrics.jsonl:4: expected metrics .*received \{"ste[^]*\nit is damaged; after sed -i 4d \S+metrics.jsonl the same/,
    );
    const lines = readFileSync(metrics, 'utf8').split('\n');
    writeFileSync(metrics, lines.toSpliced(3, 1).join('\n'));
    const warnings: string[] = [];
    await runIn(path, selfTask(), { onWarning: (w) => warnings.push(w) });
    expect(warnings).toContain(
      'metrics.jsonl has 6 of the 7 steps before the checkpoint; the others are lost',
    );
    expect(stepsIn(path)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10]);
  });

  it('refuses a folder in use', () => {
    const path = newFolder();
    const folder = RunFolder.open(path);
    expect(() => RunFolder.open(path)).toThrow(/held by process/);
    folder.close();
  });
});
