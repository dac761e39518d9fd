/**
 * Align a language model by its own judgment (SELF-JUDGE, arXiv 2402.11253): open a model, teach it to answer and to
 * judge (`jsft`), let it train itself (`selfTrain`), take the best of its answers (`generate` with `bestOf`).
 */
export { evaluateJudge, type EvaluateJudgeOptions } from './api/evaluateJudge.js';
export { pull, push, type HubOptions, type PullResult, type PushOptions } from './api/hub.js';
export { loadLabelled, loadPreferences, loadPrompts, loadSftExamples } from './api/load.js';
export { mergeModel, type MergeModelOptions } from './api/mergeModel.js';
export { loadModel, Model, type ScoreRow } from './api/model.js';
export type { PreferenceRow, PreferenceRows, PromptRows, Rows, SftRow, SftRows } from './api/rows.js';
export type {
  DpoSettings,
  JsftSettings,
  JudgeSettings,
  LoraSettings,
  RunResult,
  RunSettings,
  SelfTrainSettings,
  SftSettings,
  StepEvent,
  TrainSettings,
} from './api/settings.js';
export { dpo, jsft, selfTrain, sft, train } from './api/training.js';
export type { Answer, AnswerOptions, AnswerPiece } from './inference/generate.js';
export type { MergeResult } from './export/mergeModel.js';
export type { Pushed } from './hub/push.js';
export type { ModelOptions, OpenModel } from './models/model.js';
export type { Score, ScoreOptions } from './inference/score.js';
export { VERSION } from './version.js';

export { isError, SelfjudgeError, type ErrorCode } from '@selfjudge/base';
export type { Message } from '@selfjudge/text';
export type {
  Dataset,
  LoadRowsOptions,
  Mapping,
  PreferencePair,
  PromptRow,
  RowShape,
  SftExample,
  Split,
  Text,
} from '@selfjudge/data';
export type { Estimate, JudgeAgreement } from '@selfjudge/evaluation';
export type { Judge, JudgePair, Scorer, TokenVerdict, Tournament, Verdict } from '@selfjudge/judging';
export { METHODS, type MethodName, type Metrics } from '@selfjudge/training';
