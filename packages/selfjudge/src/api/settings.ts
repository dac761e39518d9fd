import type { OptionsOf } from '@selfjudge/base/fields';
import type {
  DpoOptions,
  JsftOptions,
  MethodName,
  METHODS,
  Metrics,
  SelfTrainingOptions,
  SftOptions,
  TrainingResult,
} from '@selfjudge/training';
import type { Judge, JudgeReasoning } from '@selfjudge/judging';
import type { TemplateArguments } from '@selfjudge/text';
import type { LabelRows, PreferenceRows, PromptRows, SftRows } from './rows.js';

/** LoRA: rank, scale (alpha / r), dropout on its input (SFT and JSFT), and the linear layers that have it. */
export interface LoraSettings {
  r?: number;
  alpha?: number;
  dropout?: number;
  targetModules?: string[];
}

/** A finished step. */
export interface StepEvent {
  /** From 1. */
  step: number;
  totalSteps: number;
  /** By TRL's names: `loss`, `sampling/kl`, `rewards/accuracies`, ... NaN where nothing could be measured. */
  metrics: Metrics;
}

/** What every training method takes beside its own options, whose defaults are those of the command line. */
export interface RunSettings {
  /** The run folder. The same call on the same start goes on where it stopped, and ends with the same bits. */
  outputDir: string;
  /** A second adapter is trained on top of one that the model has; both are saved as one. */
  lora?: LoraSettings;
  /** Trains all weights instead of an adapter. Default false. */
  fullFinetuning?: boolean;
  /** Goes on with the folder's run though its rows, weights, templates or code have changed. Default false. */
  allowChanged?: boolean;
  /** Variables of the chat template, such as enable_thinking, over those that the model has; a row's own go before them. */
  chatTemplateKwargs?: TemplateArguments;
  /** The day that the chat template is told as today ('2026-11-29'). Default: the run's first. */
  chatTemplateDate?: string;
  /** `tensorboard` writes event files into the run folder, beside metrics.jsonl. Default `none`. */
  reportTo?: 'none' | 'tensorboard';
  /** Named set of defaults: `default`, or one of the paper's where the method has it. */
  preset?: string;
  onStep?(event: StepEvent): void;
  /** What is worth knowing and no error: rows left out, a policy that does not move. */
  onWarning?(message: string): void;
  /** Aborting writes a checkpoint; the call resolves with status `interrupted`. */
  signal?: AbortSignal;
}

/** Of methods that teach or ask a judge. */
export interface JudgeSettings {
  /**
   * A shipped judge template's name, a file, or `auto`: the one the weights learnt. Default: `plain` where a judge is
   * taught, `auto` where one is asked.
   */
  judgeTemplate?: string;
  /** What the judge reads of answers with reasoning; `auto` (default): as the judge template says, else `drop`. */
  judgeReasoning?: JudgeReasoning | 'auto';
  /**
   * Of `selfTrain`: who compares the answers, in place of what the model is before the call. A path (a model that judges, a
   * file of judgments), or a judge; of the latter nobody can tell whether a run goes on with the same.
   */
  judge?: string | Judge;
  /** Of `selfTrain`: a judge that nothing is trained on, which chooses the step that is kept; as `judge` is given. */
  outsideJudge?: string | Judge;
}

export interface SftSettings extends RunSettings, Partial<SftOptions> {
  dataset: SftRows;
  /** Rows that are never trained on, measured every `evalSteps` steps. */
  dev?: SftRows;
}

export interface JsftSettings extends RunSettings, JudgeSettings, Partial<JsftOptions> {
  dataset: PreferenceRows;
  /** Rows that are never trained on, measured every `evalSteps` steps. */
  dev?: PreferenceRows;
  /** The answers to imitate, in place of the chosen ones of `dataset`. */
  demonstrations?: SftRows;
}

export interface DpoSettings extends RunSettings, Partial<DpoOptions> {
  dataset: PreferenceRows;
  /** Rows that are never trained on, measured every `evalSteps` steps. */
  dev?: PreferenceRows;
}

export interface SelfTrainSettings extends RunSettings, JudgeSettings, Partial<SelfTrainingOptions> {
  prompts: PromptRows;
  /** Prompts that are never trained on, for the judge's signal: needed when `evalSteps` is above 0. */
  dev?: PromptRows;
}

/** Of each kind of rows, what a caller may give. */
export interface RowSets {
  examples: SftRows;
  preferences: PreferenceRows;
  labelled: LabelRows;
  prompts: PromptRows;
}
export type RowsOfMethod<M extends MethodName> = (typeof METHODS)[M]['rows'];

/** Rows and options of a method by its name. */
export type TrainSettings<M extends MethodName> = RunSettings &
  JudgeSettings &
  Partial<OptionsOf<(typeof METHODS)[M]['fields']>> & {
    dataset: RowSets[RowsOfMethod<M>];
    /** As in `jsft`, of methods that read demonstrations. */
    demonstrations?: SftRows;
    /** Rows of the same kind that are never trained on, of methods with `evalSteps`. */
    dev?: RowSets[RowsOfMethod<M>];
  };

/** How a run ended; `final` (or, interrupted, `checkpoint`) opens with `loadModel` and in PEFT or transformers. */
export type RunResult = TrainingResult & {
  outputDir: string;
  /** The folder held the finished run already: nothing was computed. */
  alreadyDone?: boolean;
};
