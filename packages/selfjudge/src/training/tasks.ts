import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@selfjudge/base';
import type { SftExample, Text } from '@selfjudge/data';
import type { Ranks } from '@selfjudge/engine/internal';
import { TokenJudge, type Judge, type JudgeTemplate } from '@selfjudge/judging';
import { sharedJudge } from '@selfjudge/judging/internal';
import {
  METHODS,
  type Method,
  type MethodContext,
  type MethodName,
  type MethodRows,
  type RunFolder,
  type Trainable,
  type TrainingTask,
} from '@selfjudge/training';
import { keptSums, type KeptSums } from '@selfjudge/training/internal';
import { assertTemplate, carryTemplate, resolveTemplate, saveTemplate } from '../models/judgeTemplate.js';
import type { OpenModel } from '../models/model.js';
import { promptKey, readTrainingData, saveTrainingData } from '../models/trainingData.js';
import { judgedNotes, promptNotes } from '../rows/promptNotes.js';
import { rowShape } from '../rows/rowShape.js';
import { promptOfRow, type RowSource, type Warn } from '../rows/datasets.js';
import { devRows, fitted, heldOutRows, inSlices, usable } from './examples.js';
import { ExampleThread } from './exampleThread.js';
import type { GivenOptions, RunOptions } from './runOptions.js';
import { streamedNote, UsedRows } from './streamedRows.js';
import { preference, savedWith, supervised, withHead, withValues } from './trainables.js';

export interface TaskContext {
  opened: OpenModel;
  rows: RowSource;
  folder: RunFolder;
  /** Who compares answers, where it is not a view of the model. */
  judge?: Judge;
  /** A judge that nothing is trained on. */
  outsideJudge?: Judge;
  ranks: Ranks;
  /** Stops before the first step too. */
  signal?: AbortSignal;
  /** Rows of which all examples are known before the first step. */
  knownRows: number;
  /** Told what is to be closed when the run ends. */
  onClose(close: () => void): void;
  /** Fingerprints of the start and of what computes on it. */
  contents(): Readonly<Record<string, string>>;
  warn: Warn;
  note: Warn;
}

/** Refuses, before a model is opened, what no model makes right. @throws ConfigError, FileFormatError for a template or a mapping of columns */
export function checkTask(verb: MethodName, run: GivenOptions): void {
  const { judgeTemplate, datasetShape, sftDatasetShape, datasetSplit, evalDatasetName, evalSteps = 0 } = run;
  if (judgeTemplate !== undefined) assertTemplate(judgeTemplate);
  rowShape(datasetShape);
  rowShape(sftDatasetShape);
  const asksDev = evalSteps > 0 && evalDatasetName === undefined && METHODS[verb].rows === 'prompts';
  if (asksDev && (datasetSplit === 'all' || datasetSplit === 'dev'))
    throw new ConfigError({
      key: 'eval_steps',
      expected: `0, as dataset_split '${datasetSplit}' trains on the dev prompts that would be asked about (or other prompts by eval_dataset_name)`,
      received: evalSteps,
    });
}

/** The rows that a verb reads, in its order. */
export async function readRows(verb: MethodName, run: RunOptions, rows: RowSource): Promise<void> {
  const quietly = () => {};
  await rows[METHODS[verb].rows](run, quietly);
  await demonstrationsOf(run, rows, quietly);
  if ((run.evalSteps ?? 0) === 0) return;
  if (METHODS[verb].rows === 'prompts') await rows.prompts(devRows(run), quietly);
  else if (run.evalDatasetName !== undefined) await rows[METHODS[verb].rows](heldOutRows(run), quietly);
}

const WON_BY_ONE =
  'the answers to imitate are those that won by one principle each, some of them worse on the whole: name the best ones by ' +
  'sft_dataset_name (the same file) and sft_dataset_shape ultrafeedback-demonstrations';

/** What a verb trains on, ready to run. */
export async function taskOf(verb: MethodName, run: RunOptions, context: TaskContext): Promise<TrainingTask> {
  const { opened, rows: source, folder, ranks, warn, note } = context;
  const method: Method = METHODS[verb];
  const options = fitted(run.options, opened);
  const template = method.judgeTemplate === undefined ? undefined : templateOf(run, opened);
  const rows = await source[method.rows](run, warn);
  const demonstrations = await demonstrationsOf(run, source, warn);
  const imitates = method.demonstrations === true && options.sftWeight !== 0;
  if (imitates && demonstrations === undefined && run.datasetShape === 'ultrafeedback-principles')
    warn(WON_BY_ONE);
  const read = [...rows, ...(demonstrations ?? [])];
  const beside = remember(read.map(promptOfRow), run, context);
  // Of an adapter the moments are small: to have its values of others each step would cost more than it saves.
  const shared = run.fullFinetuning && ranks.size > 1 && { momentsOver: ranks };
  const saved = <T extends Trainable>(trainable: T): T =>
    savedWith({ ...trainable, ...shared }, (dir) => {
      if (template === undefined) carryTemplate(opened.path, dir);
      else saveTemplate(template, dir);
      beside(dir);
    });
  const { tokenizer } = opened;
  let held: MethodRows[Method['rows']] | undefined;
  let used: UsedRows | undefined;
  const sliced: MethodContext<Record<string, unknown>, keyof MethodRows>['usable'] = async (
    what,
    of,
    prepare,
    choose = (all) => all,
  ) => usable(what, choose(await inSlices(of, prepare, context.signal)), run, warn);
  const task = await method.task({
    options,
    rows,
    tokenizer,
    judgeTemplate: () => template ?? templateOf(run, opened),
    judge: (view) =>
      sharedJudge(
        context.judge ?? new TokenJudge(view, tokenizer, template ?? templateOf(run, opened)),
        ranks,
      ),
    demonstrations: async () => demonstrations,
    ...(context.outsideJudge !== undefined && { outsideJudge: sharedJudge(context.outsideJudge, ranks) }),
    // Rows of no use of the same files were named when the prompts to train on were read from them.
    devPrompts: async () => {
      if (run.evalDatasetName === undefined) return source.prompts(devRows(run), () => {});
      const prompts = await source.prompts(devRows(run), warn);
      warnShared(prompts, read, warn);
      return prompts;
    },
    heldOut: async (what, prepare) => {
      if (run.evalDatasetName === undefined || (run.evalSteps ?? 0) === 0) return [];
      if (held === undefined)
        warnShared((held = await source[method.rows](heldOutRows(run), warn)), read, warn);
      const from = { ...heldOutRows(run), key: 'eval_dataset_name' };
      return usable(`held-out ${what}`, prepare(held), from, warn);
    },
    policy: () => saved(supervised(opened, run)),
    policyBesideStart: () => saved(preference(opened, run)),
    policyWithValues: () => saved(withValues(opened, run)),
    policyWithHead: () => saved(withHead(opened, run)),
    usable: sliced,
    examplesOf: async (made) => {
      const own = { tokenizer, options };
      if (rows.length <= context.knownRows)
        return sliced(made.what, [...rows], (of) => made.prepare(of, own));
      used = new UsedRows(made.what, run.tally, warn);
      const counted = used;
      const thread = new ExampleThread([...rows], {
        method: verb,
        options,
        files: tokenizer.files,
        settings: opened.templateSettings,
        prepare: (row) => made.prepare([row], own),
        longest: made.longest(options),
        onUsed: (one) => counted.add(one),
      });
      context.onClose(() => thread.dispose());
      note(streamedNote(rows.length, made.what));
      return thread;
    },
    keptSums: (tokens) => referenceSums(tokens, run, context),
    writeSamples: (name, samples) => folder.writeSamples(name, samples),
    warn,
    note,
  });
  if (used === undefined) return task;
  return {
    ...task,
    conclude() {
      task.conclude?.();
      used?.end();
    },
  };
}

type AnyRow = Parameters<typeof promptOfRow>[0];

/** Says how many held-out rows have a prompt that is trained on. */
function warnShared(held: readonly AnyRow[], trainedOn: readonly AnyRow[], warn: Warn): void {
  const known = new Set(trainedOn.map((row) => promptKey(promptOfRow(row))));
  const shared = held.filter((row) => known.has(promptKey(promptOfRow(row)))).length;
  if (shared > 0)
    warn(
      `${shared} of ${held.length} rows of eval_dataset_name have a prompt that is trained on: ` +
        'what is measured there is no evidence for other prompts',
    );
}

/** SFT examples of files of their own, of the same split as the rows; undefined where none are named. */
async function demonstrationsOf(
  run: RunOptions,
  rows: RowSource,
  warn: Warn,
): Promise<SftExample[] | undefined> {
  const { sftDatasetName: datasetName, sftDatasetShape: datasetShape } = run;
  if (datasetName === undefined || run.options.sftWeight === 0) return undefined;
  return rows.examples({ ...run, datasetName, datasetShape, tally: undefined }, warn);
}

const REFERENCE_FOLDER = '.reference_log_probs';

/**
 * Where runs beside each other keep what their start says of tokens. What decides the bits is in the key: weights, adapter,
 * dtype, the code's numeric version, the device; the tokens stand for rows, tokenizer, template and limits.
 */
function referenceSums(tokens: string, run: RunOptions, { opened, contents, note }: TaskContext): KeptSums {
  const { weights, adapter, numerics } = contents();
  const { dtype, device } = opened.model;
  const of = { tokens, weights, adapter, numerics, dtype, device: device.name, path: device.path };
  const key = createHash('sha256').update(JSON.stringify(of)).digest('hex');
  const folder = join(dirname(resolve(run.outputDir)), REFERENCE_FOLDER);
  return keptSums(join(folder, `${key.slice(0, 32)}.json`), key, note);
}

const templateOf = (
  { judgeTemplate = 'auto', judgeReasoning }: RunOptions,
  opened: OpenModel,
): JudgeTemplate => resolveTemplate(judgeTemplate, opened, judgeReasoning);

/**
 * Says how the prompts are read, and keeps that and which they are for whoever uses the weights.
 * @returns writes it beside saved weights
 */
function remember(
  prompts: readonly Text[],
  { promptFormat, judgeTemplate }: RunOptions,
  { opened, note }: TaskContext,
): (dir: string) => void {
  const judged = judgeTemplate === undefined ? [] : judgedNotes(prompts);
  for (const line of [...promptNotes(prompts, opened.tokenizer, promptFormat), ...judged]) note(line);
  const before = readTrainingData(opened);
  const known = before === undefined || before.prompts !== undefined;
  const keys = new Set([...(before?.prompts ?? []), ...prompts.map(promptKey)]);
  return (dir) => saveTrainingData({ promptFormat, ...(known && { prompts: keys }) }, dir);
}
