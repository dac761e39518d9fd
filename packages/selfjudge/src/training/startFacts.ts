import { ConfigError, isError } from '@selfjudge/base';
import { METHODS, type Method, type TrainingTask } from '@selfjudge/training';
import {
  bytesOf,
  expectedMemory,
  sizeOf,
  zeroGrads,
  type ExpectedMemory,
} from '@selfjudge/training/internal';
import type { TrainingVerb } from '../config/index.js';
import type { OpenModel } from '../models/model.js';
import type { Tally } from '../rows/datasets.js';
import { availableMemory } from './availableMemory.js';
import type { RunOptions } from './runOptions.js';
import { adapterTexts, type AdapterTexts } from './trainables.js';

/** What a run is, before its first step. */
export interface StartFacts extends AdapterTexts {
  /** Absent for rows that came from no file. */
  rows?: Tally & { split: string };
  steps: number;
  /** Examples a step. */
  batch: number;
  epochs: number;
  learningRate: number;
  lrSchedulerType: string;
  /** Numbers that are trained. */
  parameters: number;
  /** What is learnt from a row. */
  labels: string;
  memory?: ExpectedMemory & { isBound: boolean; available?: number };
}

/**
 * What is said of a run before its first step.
 * @throws ConfigError when its longest row, or its largest tree, takes more memory than there is
 */
export async function startFacts(
  verb: TrainingVerb,
  run: RunOptions,
  { opened, task, tally, judge }: { opened: OpenModel; task: TrainingTask; tally: Tally; judge?: string },
): Promise<StartFacts> {
  const method: Method = METHODS[verb];
  const { order, workload, trainable } = task;
  const expected = workload && (await expectedMemory(trainable, workload, order));
  const available = expected && availableMemory(opened.model.device);
  if (expected !== undefined && available !== undefined) refuseTooLarge(expected, available);
  else if (expected !== undefined) await tryLongest(task, expected);
  const { learningRate, lrSchedulerType, trainBatchSize } = run;
  return {
    ...(tally.read > 0 && { rows: { ...tally, split: run.datasetSplit } }),
    steps: order.totalSteps,
    batch: trainBatchSize,
    epochs: order.epoch(order.totalSteps),
    learningRate,
    lrSchedulerType,
    parameters: sizeOf(trainable.parameters),
    ...adapterTexts(opened, run),
    labels: method.labels(run.options, run.judgeTemplate, judge),
    ...(expected && { memory: { ...expected, isBound: workload.isBound ?? false, available } }),
  };
}

/** @throws ConfigError naming the row, or the budget that would fit */
export function refuseTooLarge({ before, peak, least, longest }: ExpectedMemory, available: number): void {
  const room = before + available;
  if (least > room)
    throw new ConfigError({
      key: 'max_length',
      expected: `rows that fit the memory: ${gib(room)} are there for this process`,
      received: `${longest.id}, whose ${longest.shape.rows} tokens need ${gib(least)}; leave it out, or give a smaller max_length`,
    });
  if (peak > room)
    throw new ConfigError({
      key: 'token_budget',
      expected: `a smaller one (memory, not results, depends on it): ${gib(room)} are there for this process`,
      received: `trees that need ${gib(peak)}; the longest row alone needs ${gib(least)}`,
    });
}

/** Where nobody says what is free, the longest row is tried. @throws ConfigError naming it when memory cannot be had */
async function tryLongest({ trainable }: TrainingTask, { longest, least }: ExpectedMemory): Promise<void> {
  try {
    await bytesOf(trainable, longest.shape.rows, longest.shape.headRows);
  } catch (error) {
    if (!isError(error, 'SJ_OUT_OF_MEMORY')) throw error;
    throw new ConfigError({
      key: 'max_length',
      expected: 'rows that fit the memory of the device',
      received: `${longest.id}, whose ${longest.shape.rows} tokens need ${gib(least)}; leave it out, or give a smaller max_length`,
    });
  } finally {
    zeroGrads(trainable.parameters);
  }
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
