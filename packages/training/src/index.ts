export { Checkpoints, type SelectionState, type Snapshot, type TrainerState } from './loop/checkpoint.js';
export type { Contest, Fate, TokenizedPrompt } from './pairs/contest.js';
export { DataOrder, type DataOrderOptions } from './loop/dataOrder.js';
export * from './face/kto.js';
export * from './face/preference.js';
export * from './face/reward.js';
export * from './face/runs.js';
export * from './face/supervised.js';
export type { BradleyTerryParameters } from './losses/bradleyTerry.js';
export { JudgeSignal } from './methods/judgeSignal.js';
export type { LossType } from './options/lossNames.js';
export type { KeptSums } from './losses/keptSums.js';
export type { PairLoss } from './losses/pairLoss.js';
export type { PairPart, ScoredAnswer, ScoredPair } from './losses/preferenceLoss.js';
export type { PreferenceViews } from './losses/preferenceUpdate.js';
export type { Metrics } from './metrics/means.js';
export type { LoopOptions, OptimizerOptions, ScheduleOptions } from './options/loop.js';
export { defaultLora, paperLora } from './options/lora.js';
export type { PreferenceOptions } from './options/preference.js';
export type { Keeping } from './options/sampling.js';
export type { JsftLossOptions, LossNormalization } from './options/supervised.js';
export { METHODS, type MethodName } from './methods/index.js';
export type { Method, MethodContext, MethodRows, Preset } from './methods/method.js';
export type { ShowContext, ShownPart, ShownSequence, TokenKind } from './methods/shown.js';
export type { SftOptions } from './methods/sft.js';
export type { ScoredLabel } from './losses/ktoLoss.js';
export type { KtoOptions } from './methods/kto.js';
export type { KtoLossOptions } from './options/kto.js';
export type { LabelledAnswer } from './pairs/labelledAnswer.js';
export type { JsftOptions } from './methods/jsft.js';
export type { DpoOptions } from './methods/dpo.js';
export type { SelfTrainingOptions } from './methods/selfTrainingRun.js';
export type { NamedValues, ParameterSets } from './optimizer/parameterSets.js';
export type { TaskState } from './loop/taskState.js';
export type { Json } from './runs/jsonFields.js';
export { AdamW, type AdamWState, type Moments, type UpdateReport } from './optimizer/adamw.js';
export type { Prepared } from './methods/prepare.js';
export type { Answer, TokenPair } from './pairs/tokenPair.js';
export { Profile, phases, type Phase, type ProfileRow, type TimedWork } from './metrics/profile.js';
export {
  dpoDefaults,
  jsftDefaults,
  ktoDefaults,
  paper,
  rewardDefaults,
  selfTrainingDefaults,
  sftDefaults,
} from './methods/defaults.js';
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
export { LR_SCHEDULERS, type LrSchedulerType } from './options/schedule.js';
export type { SelfTraining } from './methods/selfTrainingRun.js';
export type { LabelKind, SupervisedExample } from './losses/supervised.js';
export type { RewardOptions } from './methods/reward.js';
export type { RewardPair } from './pairs/rewardPair.js';
export type { RewardTrainable } from './optimizer/rewardTrainable.js';
export type { ValueTrainable } from './optimizer/valueTrainable.js';
export type { PreferenceTrainable, Trainable } from './optimizer/trainable.js';
