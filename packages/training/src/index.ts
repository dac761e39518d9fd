export { Checkpoints, type SelectionState, type Snapshot, type TrainerState } from './checkpoint.js';
export type { Contest, Fate, PairJudge, TokenizedPrompt } from './contest.js';
export { DataOrder, type DataOrderOptions } from './dataOrder.js';
export * from './face/preference.js';
export * from './face/runs.js';
export * from './face/supervised.js';
export { JudgeSignal } from './judgeSignal.js';
export type { LossParameters, LossType, PairLoss, PreferenceLoss } from './losses.js';
export type { Metrics } from './metrics.js';
export { AdamW, type AdamWState, type UpdateReport } from './optimizer.js';
export * from './options.js';
export type { Prepared } from './prepare.js';
export type { Answer, TokenPair } from './preferenceUpdate.js';
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
export { NUMERIC_VERSION } from './numericVersion.js';
export { RunFolder } from './runFolder.js';
export type { MetricsRow } from './runs/rows.js';
export type {
  RunnerOptions,
  Selection,
  SignalReport,
  StepContext,
  StepReport,
  TrainingResult,
  TrainingTask,
} from './trainingTask.js';
export { LR_SCHEDULERS, type LrSchedulerType, type Schedule, type ScheduleOptions } from './schedule.js';
export type { SelfTraining } from './selfTrainingRun.js';
export type { LabelKind, SupervisedExample } from './supervised.js';
export type { PreferenceTrainable, Trainable } from './trainable.js';
