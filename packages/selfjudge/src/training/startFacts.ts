import { METHODS, type Method, type TrainingTask } from '@selfjudge/training';
import { sizeOf } from '@selfjudge/training/internal';
import type { TrainingVerb } from '../config/index.js';
import type { OpenModel } from '../models/model.js';
import type { Tally } from '../rows/datasets.js';
import type { PlannedMemory } from './planMemory.js';
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
  memory?: PlannedMemory;
}

/** What is said of a run before its first step. */
export function startFacts(
  verb: TrainingVerb,
  run: RunOptions,
  {
    opened,
    task,
    tally,
    judge,
    memory,
  }: { opened: OpenModel; task: TrainingTask; tally: Tally; judge?: string; memory?: PlannedMemory },
): StartFacts {
  const method: Method = METHODS[verb];
  const { order, trainable } = task;
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
    ...(memory && { memory }),
  };
}
