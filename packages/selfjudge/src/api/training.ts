import { ArgumentError } from '@selfjudge/base';
import { check, instance } from '@selfjudge/base/checks';
import { METHODS, type Method, type MethodName } from '@selfjudge/training';
import type { RowSource } from '../rows/datasets.js';
import { TRAINING_VERBS } from '../config/index.js';
import { resolveRun } from '../training/resolveRun.js';
import { runTraining } from '../training/train.js';
import { isMethod, promptSettings, selfTrainingSettings, trainingSettings } from './checks.js';
import { Model } from './model.js';
import {
  formatOf,
  labelledOf,
  nameOf,
  preferencesOf,
  promptsOf,
  sftExamplesOf,
  sourceOf,
  type SftRows,
  type Rows,
} from './rows.js';
import type {
  DpoSettings,
  JsftSettings,
  JudgeSettings,
  RowSets,
  RowsOfMethod,
  RunResult,
  RunSettings,
  SelfTrainSettings,
  SftSettings,
  TrainSettings,
} from './settings.js';

const trainingArguments = { model: instance(Model), settings: trainingSettings };

/**
 * Trains with a method by its name. The model has the trained weights afterwards; where a reward model was made, it stays what
 * it was, and the reward model lies in `final` (`RewardModel.load` of @selfjudge/engine, or `judge` by its path).
 *
 * @throws ConfigError for a value out of range, or when the folder holds another run; ArgumentError when no row is left, or
 *   for dev prompts of a method that asks about none
 */
export async function train<M extends MethodName>(
  model: Model,
  method: M,
  settings: TrainSettings<M>,
): Promise<RunResult> {
  check('train', { model, method }, { model: instance(Model), method: isMethod });
  const { rows, fields } = METHODS[method];
  check('train', { settings }, { settings: rows === 'prompts' ? promptSettings : trainingSettings });
  const { dataset, dev, demonstrations, ...options } = settings;
  refuseDemonstrations('train', method, demonstrations);
  if (dev !== undefined && !Object.hasOwn(fields, 'evalSteps'))
    throw new ArgumentError('dev', {
      where: 'train',
      expected: `none: ${method} measures nothing beside its training`,
      received: 'rows',
    });
  if (options.outsideJudge !== undefined && !('outside_judge' in TRAINING_VERBS[method].fields))
    throw new ArgumentError('outsideJudge', {
      where: 'train',
      expected: `none: ${method} asks no judge about prompts`,
      received: 'a judge',
    });
  const read = READERS[rows as RowsOfMethod<M>];
  const given = { dataset, read, dev, demonstrations };
  return run('train', method, model, options, given);
}

/** Supervised fine-tuning on completions. See `train`. */
export async function sft(model: Model, settings: SftSettings): Promise<RunResult> {
  check('sft', { model, settings }, trainingArguments);
  const { dataset, dev, ...options } = settings;
  return run('sft', 'sft', model, options, { dataset, dev, read: READERS.examples });
}

/**
 * Judge-augmented fine-tuning (arXiv 2402.11253): the chosen answers are imitated, and which of the two is better is
 * learnt as one token, in both orders, in the same weights.
 */
export async function jsft(model: Model, settings: JsftSettings): Promise<RunResult> {
  check('jsft', { model, settings }, trainingArguments);
  const { dataset, dev, demonstrations, ...options } = settings;
  const given = { dataset, dev, read: READERS.preferences, demonstrations };
  return run('jsft', 'jsft', model, options, given);
}

/**
 * Offline preference training (arXiv 2305.18290); the reference is what the model is before the call, from where
 * `syncRefModel` moves it.
 */
export async function dpo(model: Model, settings: DpoSettings): Promise<RunResult> {
  check('dpo', { model, settings }, trainingArguments);
  const { dataset, dev, ...options } = settings;
  return run('dpo', 'dpo', model, options, { dataset, dev, read: READERS.preferences });
}

/**
 * On-policy self-training (arXiv 2402.11253): in every step the model answers each prompt twice, what it was before the
 * call says which answer is better, and a preference loss moves it.
 */
export async function selfTrain(model: Model, settings: SelfTrainSettings): Promise<RunResult> {
  check('selfTrain', { model, settings }, { model: instance(Model), settings: selfTrainingSettings });
  const { prompts, dev, ...options } = settings;
  return run('selfTrain', 'self-train', model, options, { dataset: prompts, dev, read: READERS.prompts });
}

/** Of each kind of rows, how they are read. */
const READERS: { [K in keyof RowSets]: (rows: RowSets[K]) => Partial<RowSource> } = {
  examples: (rows) => ({ examples: async (_, warn) => sftExamplesOf(rows, warn) }),
  preferences: (rows) => ({ preferences: async (_, warn) => preferencesOf(rows, warn) }),
  labelled: (rows) => ({ labelled: async (_, warn) => labelledOf(rows, warn) }),
  prompts: (rows) => ({ prompts: async (_, warn) => promptsOf(rows, warn) }),
};

/** What a run reads. */
interface Given<R> {
  dataset: R;
  /** Rows that are never trained on. */
  dev?: R;
  read(rows: R): Partial<RowSource>;
  /** Of methods that read them. */
  demonstrations?: SftRows;
}

/** @throws ArgumentError for demonstrations of a method that reads none */
function refuseDemonstrations(where: string, verb: MethodName, demonstrations: SftRows | undefined): void {
  const method: Method = METHODS[verb];
  if (demonstrations === undefined || method.demonstrations === true) return;
  throw new ArgumentError('demonstrations', {
    where,
    expected: `none: ${verb} reads none beside its rows`,
    received: 'rows',
  });
}

/** @param where the function that was called */
async function run<R extends Rows<unknown, unknown>>(
  where: string,
  verb: MethodName,
  model: Model,
  {
    lora,
    onStep,
    onWarning,
    signal,
    preset,
    allowChanged,
    judge,
    outsideJudge,
    ...options
  }: RunSettings & JudgeSettings,
  { dataset, dev, read, demonstrations }: Given<R>,
): Promise<RunResult> {
  const method: Method = METHODS[verb];
  for (const [name, one] of Object.entries({ judge, outsideJudge }))
    if (typeof one === 'object' && method.judgeTemplate !== 'auto')
      throw new ArgumentError(name, { where, expected: 'none: it asks nobody', received: 'a judge' });
  if (typeof judge === 'object' && 'judgeMode' in options && options.judgeMode === 'policy')
    throw new ArgumentError('judgeMode', {
      where,
      expected: "'static' beside a judge, which is another than the policy",
      received: 'policy',
    });
  const values = {
    ...options,
    loraR: lora?.r,
    loraAlpha: lora?.alpha,
    loraDropout: lora?.dropout,
    loraTargetModules: lora?.targetModules,
    ...(typeof judge === 'string' && { judge }),
    ...(typeof outsideJudge === 'string' && { outsideJudge }),
    modelNameOrPath: model.path,
    dtype: model.opened.model.dtype,
    datasetName: [method.rows === 'prompts' ? nameOf(dataset, dev) : nameOf(dataset)],
    ...(dev !== undefined &&
      method.rows !== 'prompts' && { evalDatasetName: [nameOf(dev)], evalDatasetSplit: 'dev' }),
    ...(demonstrations !== undefined && { sftDatasetName: [nameOf(demonstrations)] }),
    promptFormat: formatOf(dataset, dev, demonstrations),
  };
  const config = resolveRun(verb, { values, preset, onNote: onWarning });
  if (dev !== undefined && config.eval_steps === 0)
    onWarning?.('dev does nothing: evalSteps is 0, and nothing is measured beside training');
  const result = (await runTraining(
    verb,
    config,
    {
      signal,
      onWarning,
      onNote: onWarning,
      onLog: ({ step, metrics }, totalSteps) => onStep?.({ step, totalSteps, metrics }),
    },
    {
      opened: model.opened,
      rows: sourceOf(
        where,
        { ...read(dataset), ...(demonstrations && READERS.examples(demonstrations)) },
        dev === undefined ? {} : read(dev),
      ),
      allowChanged,
      ...(typeof judge === 'object' && { judge }),
      ...(typeof outsideJudge === 'object' && { outsideJudge }),
    },
  )) as RunResult;
  const trained = result.status === 'completed' ? result.final : result.checkpoint;
  if (method.withHead !== true) {
    if (trained !== undefined) await model.reload(trained);
  } else if (config.full_finetuning === true && result.alreadyDone !== true) await model.reload(model.path);
  return result;
}
