export { Checkpoints, type SelectionState, type Snapshot, type TrainerState } from './loop/checkpoint.js';
export type { Contest, Fate, PairJudge, TokenizedPrompt } from './pairs/contest.js';
export { DataOrder, type DataOrderOptions } from './loop/dataOrder.js';
export * from './face/preference.js';
export * from './face/reward.js';
export * from './face/runs.js';
export * from './face/supervised.js';
export type { BradleyTerryParameters } from './losses/bradleyTerry.js';
export { JudgeSignal } from './methods/judgeSignal.js';
export type { LossParameters, PairLoss, PreferenceLoss } from './losses/preferenceLosses.js';
export type { Metrics } from './metrics/means.js';
export type { NamedValues, ParameterSets } from './optimizer/parameterSets.js';
export type { Json, TaskState } from './loop/taskState.js';
export { AdamW, type AdamWState, type Moments, type UpdateReport } from './optimizer/adamw.js';
export * from './options/options.js';
export type { Prepared } from './methods/prepare.js';
export type { Answer, TokenPair } from './pairs/tokenPair.js';
export { Profile, phases, type Phase, type ProfileRow, type TimedWork } from './metrics/profile.js';
export {
  defaultLora,
  dpoDefaults,
  jsftDefaults,
  paper,
  paperLora,
  selfTrainingDefaults,
  sftDefaults,
} from './options/presets.js';
export { NUMERIC_VERSION } from './loop/numericVersion.js';
export { RunFolder } from './loop/runFolder.js';
export type { MetricsRow } from './runs/rows.js';
export type {
  RunnerOptions,
  Selection,
  SignalReport,
  StepContext,
  StepReport,
  TrainingResult,
  TrainingTask,
} from './loop/trainingTask.js';
export type { Schedule } from './loop/schedule.js';
export { LR_SCHEDULERS, type LrSchedulerType, type ScheduleOptions } from './options/schedule.js';
export type { SelfTraining } from './methods/selfTrainingRun.js';
export type { LabelKind, SupervisedExample } from './losses/supervised.js';
export { rewardDefaults, type RewardOptions } from './methods/reward.js';
export type { RewardPair } from './pairs/rewardPair.js';
export type { RewardTrainable } from './optimizer/rewardTrainable.js';
export type { PreferenceTrainable, Trainable } from './optimizer/trainable.js';
