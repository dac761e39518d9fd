import { ArgumentError } from '@selfjudge/base';
import { check, instance } from '@selfjudge/base/checks';
import type { OptionsOf } from '@selfjudge/base/fields';
import {
  METHODS,
  type DpoOptions,
  type JsftOptions,
  type Method,
  type MethodName,
  type Metrics,
  type SelfTrainingOptions,
  type SftOptions,
  type TrainingResult,
} from '@selfjudge/training';
import type { Judge, JudgeReasoning } from '@selfjudge/judging';
import type { TemplateArguments } from '@selfjudge/text';
import type { RowSource } from '../rows/datasets.js';
import { resolveRun } from '../training/resolveRun.js';
import { runTraining } from '../training/train.js';
import { isMethod, selfTrainingSettings, trainingSettings } from './checks.js';
import { Model } from './model.js';
import {
  formatOf,
  nameOf,
  preferencesOf,
  promptsOf,
  sftExamplesOf,
  sourceOf,
  type PreferenceRows,
  type PromptRows,
  type Rows,
  type SftRows,
} from './rows.js';

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
  /** By TRL's names: `loss`, `kl`, `rewards/accuracies`, ... NaN where nothing could be measured. */
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
  /** Named set of defaults: `default`, or `paper` where the method has it. */
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
   * JSONL file of judgments), or a judge; of the latter nobody can tell whether a run goes on with the same.
   */
  judge?: string | Judge;
}

export interface SftSettings extends RunSettings, Partial<SftOptions> {
  dataset: SftRows;
}

export interface JsftSettings extends RunSettings, JudgeSettings, Partial<JsftOptions> {
  dataset: PreferenceRows;
}

export interface DpoSettings extends RunSettings, Partial<DpoOptions> {
  dataset: PreferenceRows;
}

export interface SelfTrainSettings extends RunSettings, JudgeSettings, Partial<SelfTrainingOptions> {
  prompts: PromptRows;
  /** Prompts that are never trained on, for the judge's signal: needed when `evalSteps` is above 0. */
  dev?: PromptRows;
}

/** Of each kind of rows, what a caller may give. */
interface RowSets {
  examples: SftRows;
  preferences: PreferenceRows;
  prompts: PromptRows;
}
type RowsOfMethod<M extends MethodName> = (typeof METHODS)[M]['rows'];

/** Rows and options of a method by its name. */
export type TrainSettings<M extends MethodName> = RunSettings &
  JudgeSettings &
  Partial<OptionsOf<(typeof METHODS)[M]['fields']>> & {
    dataset: RowSets[RowsOfMethod<M>];
    /** As in `selfTrain`. */
    dev?: PromptRows;
  };

/** How a run ended; `final` (or, interrupted, `checkpoint`) opens with `loadModel` and in PEFT or transformers. */
export type RunResult = TrainingResult & {
  outputDir: string;
  /** The folder held the finished run already: nothing was computed. */
  alreadyDone?: boolean;
};

const trainingArguments = { model: instance(Model), settings: trainingSettings };

/**
 * Trains with a method by its name. The model has the trained weights afterwards.
 *
 * @throws ConfigError for a value out of range, or when the folder holds another run; ArgumentError when no row is left
 */
export async function train<M extends MethodName>(
  model: Model,
  method: M,
  settings: TrainSettings<M>,
): Promise<RunResult> {
  check('train', { model, method, settings }, { ...trainingArguments, method: isMethod });
  const { dataset, dev, ...options } = settings;
  const source = SOURCES[METHODS[method].rows as RowsOfMethod<M>];
  return run(method, model, options, [dataset, dev], source(dataset, dev));
}

/** Supervised fine-tuning on completions. See `train`. */
export async function sft(model: Model, settings: SftSettings): Promise<RunResult> {
  check('sft', { model, settings }, trainingArguments);
  const { dataset, ...options } = settings;
  return run('sft', model, options, [dataset], SOURCES.examples(dataset));
}

/**
 * Judge-augmented fine-tuning (arXiv 2402.11253): the chosen answers are imitated, and which of the two is better is
 * learnt as one token, in both orders, in the same weights.
 */
export async function jsft(model: Model, settings: JsftSettings): Promise<RunResult> {
  check('jsft', { model, settings }, trainingArguments);
  const { dataset, ...options } = settings;
  return run('jsft', model, options, [dataset], SOURCES.preferences(dataset));
}

/** Offline preference training (arXiv 2305.18290); the reference is what the model is before the call. */
export async function dpo(model: Model, settings: DpoSettings): Promise<RunResult> {
  check('dpo', { model, settings }, trainingArguments);
  const { dataset, ...options } = settings;
  return run('dpo', model, options, [dataset], SOURCES.preferences(dataset));
}

/**
 * On-policy self-training (arXiv 2402.11253): in every step the model answers each prompt twice, what it was before the
 * call says which answer is better, and a preference loss moves it.
 */
export async function selfTrain(model: Model, settings: SelfTrainSettings): Promise<RunResult> {
  check('selfTrain', { model, settings }, { model: instance(Model), settings: selfTrainingSettings });
  const { prompts, dev, ...options } = settings;
  return run('self-train', model, options, [prompts, dev], SOURCES.prompts(prompts, dev));
}

/** Of each kind of rows, where a method reads them. @param dev prompts of the dev split, which are apart */
const SOURCES: { [K in keyof RowSets]: (rows: RowSets[K], dev?: PromptRows) => Partial<RowSource> } = {
  examples: (rows) => ({ examples: async (_, warn) => sftExamplesOf(rows, warn) }),
  preferences: (rows) => ({ preferences: async (_, warn) => preferencesOf(rows, warn) }),
  prompts: (rows, dev) => ({
    prompts: async ({ datasetSplit }, warn) => {
      if (datasetSplit !== 'dev') return promptsOf(rows, warn);
      if (dev !== undefined) return promptsOf(dev, warn);
      throw new ArgumentError('dev', {
        where: 'selfTrain',
        expected: 'prompts for the judge to be asked about, as evalSteps is above 0',
        received: 'none',
      });
    },
  }),
};

async function run(
  verb: MethodName,
  model: Model,
  { lora, onStep, onWarning, signal, preset, allowChanged, judge, ...options }: RunSettings & JudgeSettings,
  sets: (Rows<unknown, unknown> | undefined)[],
  rows: Partial<RowSource>,
): Promise<RunResult> {
  const method: Method = METHODS[verb];
  if (typeof judge === 'object' && method.judgeTemplate !== 'auto')
    throw new ArgumentError('judge', { where: verb, expected: 'none: it asks nobody', received: 'a judge' });
  const values = {
    ...options,
    loraR: lora?.r,
    loraAlpha: lora?.alpha,
    loraDropout: lora?.dropout,
    loraTargetModules: lora?.targetModules,
    ...(typeof judge === 'string' && { judge }),
    modelNameOrPath: model.path,
    dtype: model.opened.model.dtype,
    datasetName: [nameOf(...sets)],
    promptFormat: formatOf(...sets),
  };
  const result = (await runTraining(
    verb,
    resolveRun(verb, { values, preset, onNote: onWarning }),
    {
      signal,
      onWarning,
      onNote: onWarning,
      onLog: ({ step, metrics }, totalSteps) => onStep?.({ step, totalSteps, metrics }),
    },
    {
      opened: model.opened,
      rows: sourceOf(rows),
      allowChanged,
      ...(typeof judge === 'object' && { judge }),
    },
  )) as RunResult;
  const trained = result.status === 'completed' ? result.final : result.checkpoint;
  if (trained !== undefined) await model.reload(trained);
  return result;
}
