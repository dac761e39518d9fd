import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SelfTrainingOptions } from '../methods/selfTrainingRun.js';
import { selfTrainingDefaults } from '../methods/defaults.js';
import { RunFolder } from '../loop/runFolder.js';
import { train } from '../loop/runner.js';
import { readMetrics } from '../runs/index.js';
import type { RunnerOptions, Selection, TrainingTask } from '../loop/trainingTask.js';
import { selfTrainingTask } from '../methods/selfTraining.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from './tiny.js';

export const model = tinyModel();
const start = await trainedAdapter(model, 4);
export const disposeModel = (): void => model.dispose();
export const loop = { saveSteps: 5, saveTotalLimit: 2 };

const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  learningRate: 1e-2,
  maxSteps: 10,
  trainBatchSize: 3,
  maxNewTokens: 8,
  missingEos: 'keep',
};

/** Self-training over LoRA on a frozen adapter. @param changed options that are others than usual */
export function selfTask(selection?: Selection, changed: Partial<SelfTrainingOptions> = {}): TrainingTask {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const task = selfTrainingTask(
    { trainable, judge: hashJudge, tokenizer: model.tokenizer!, options: { ...options, ...changed } },
    { prompts: tinyPrompts(model, 7) },
  );
  return { ...task, selection };
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'selfjudge-run-'));

/** Runs a task in a run folder, or goes on with it. */
export async function runIn(path: string, task: TrainingTask, options: Partial<RunnerOptions> = {}) {
  const folder = RunFolder.open(path);
  try {
    return await train(task, { ...loop, folder, resume: true, ...options });
  } finally {
    folder.close();
  }
}

/**
 * A task trained in one go, and the same task interrupted after a step and gone on with in a run folder.
 * @returns both tasks, how each run ended, and the folder
 */
export async function straightAndResumed<T extends TrainingTask>(make: () => T | Promise<T>, after: number) {
  const straight = await make();
  const whole = await train(straight, loop);
  const path = newFolder();
  const stop = stopAfter(after);
  const first = await runIn(path, stop.task(await make()), { signal: stop.signal });
  const resumed = await make();
  const last = await runIn(path, resumed);
  return { straight, resumed, whole, first, last, path };
}

/** The steps that metrics.jsonl has lines of. */
export const stepsIn = (path: string): number[] => readMetrics(path).rows.map(({ step }) => step);

/** Aborts in the middle of a step. */
export function stopAfter(step: number): {
  signal: AbortSignal;
  task: (task: TrainingTask) => TrainingTask;
} {
  const controller = new AbortController();
  const wrap = (task: TrainingTask): TrainingTask => ({
    ...task,
    step: (at) => {
      if (at.step === step + 1) controller.abort();
      at.signal?.throwIfAborted();
      return task.step(at);
    },
  });
  return { signal: controller.signal, task: wrap };
}
