export { accumulate } from './accumulate.js';
export { atomicFolder, folderFault } from './atomicFolder.js';
export {
  Checkpoints,
  loadCheckpoint,
  type SelectionState,
  type Snapshot,
  type TrainerState,
} from './checkpoint.js';
export {
  decide,
  preferences,
  sampling,
  type Contest,
  type Fate,
  type PairJudge,
  type TokenizedPrompt,
} from './contest.js';
export { DataOrder, type DataOrderOptions } from './dataOrder.js';
export { dpoStep, dpoTask } from './dpo.js';
export { completionMetrics, judgeMetrics } from './judgeMetrics.js';
export { JudgeSignal } from './judgeSignal.js';
export { jsftTask } from './jsft.js';
export { klEstimate, scoreContests } from './kl.js';
export {
  preferenceLosses,
  type LossParameters,
  type LossType,
  type PairLoss,
  type PreferenceLoss,
} from './losses.js';
export type { Metrics } from './metrics.js';
export { AdamW, type AdamWState, type UpdateReport } from './optimizer.js';
export * from './options.js';
export { preparePairs, preparePrompts, prepareSft, type Prepared } from './prepare.js';
export {
  answerSequence,
  precomputeReference,
  preferenceBackward,
  type Answer,
  type TokenPair,
} from './preferenceUpdate.js';
export { Profile, phases, type Phase, type ProfileRow, type TimedWork } from './profile.js';
export {
  defaultLora,
  dpoDefaults,
  jsftDefaults,
  paper,
  paperLora,
  selfTrainingDefaults,
  sftDefaults,
} from './presets.js';
export { environment } from './environment.js';
export { RunFolder } from './runFolder.js';
export type { MetricsRow } from './runs/rows.js';
export { train } from './runner.js';
export type {
  RunnerOptions,
  Selection,
  SignalReport,
  StepContext,
  StepReport,
  TrainingResult,
  TrainingTask,
} from './trainingTask.js';
export { schedule, type LrSchedulerType, type Schedule, type ScheduleOptions } from './schedule.js';
export { selfTrainingStep, selfTrainingTask } from './selfTraining.js';
export type { SelfTraining } from './selfTrainingRun.js';
export { sftTask, supervisedStep } from './sft.js';
export {
  judgeExample,
  labelWeights,
  sftExample,
  supervisedBackward,
  type LabelKind,
  type SupervisedExample,
} from './supervised.js';
export {
  fullPreferenceTrainable,
  fullTrainable,
  loraTrainable,
  saveWeights,
  type PreferenceTrainable,
  type Trainable,
} from './trainable.js';
