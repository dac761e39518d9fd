import { ConfigError } from '@selfjudge/base';
import type { Text } from '@selfjudge/data';
import { promptColumns, promptOfExample, sftExampleOf } from '@selfjudge/data/internal';
import { Judge } from '@selfjudge/judging';
import type {
  Contest,
  DpoOptions,
  JsftOptions,
  RunFolder,
  SelfTrainingOptions,
  SftOptions,
  TrainingTask,
} from '@selfjudge/training';
import {
  dpoTask,
  jsftTask,
  preparePairs,
  preparePrompts,
  prepareSft,
  selfTrainingTask,
  sftTask,
} from '@selfjudge/training/internal';
import type { TrainingVerb } from '../config/index.js';
import { assertTemplate, carryTemplate, resolveTemplate, saveTemplate } from '../models/judgeTemplate.js';
import type { OpenModel } from '../models/model.js';
import { promptKey, readTrainingData, saveTrainingData } from '../models/trainingData.js';
import { judgedNotes, promptNotes } from '../rows/promptNotes.js';
import type { RowSource, Warn } from '../rows/datasets.js';
import { devPrompts, devRows, limited, prepareJudge, promptsLimited, usable } from './examples.js';
import type { RunOptions } from './runOptions.js';
import { preference, savedWith, supervised } from './trainables.js';

export interface TaskContext {
  opened: OpenModel;
  rows: RowSource;
  folder: RunFolder;
  warn: Warn;
  note: Warn;
}

/** Refuses, before a model is opened, what no model makes right. @throws ConfigError, FileFormatError for a template */
export function checkTask(run: RunOptions & Partial<Pick<SelfTrainingOptions, 'evalSteps'>>): void {
  const { judgeTemplate, datasetSplit, evalSteps = 0 } = run;
  if (judgeTemplate !== undefined) assertTemplate(judgeTemplate);
  if (evalSteps > 0 && (datasetSplit === 'all' || datasetSplit === 'dev'))
    throw new ConfigError({
      key: 'eval_steps',
      expected: `0, as dataset_split '${datasetSplit}' trains on the dev prompts that would be asked about`,
      received: evalSteps,
    });
}

/** The rows that a verb reads, in its order. */
export async function readRows(verb: TrainingVerb, run: RunOptions, rows: RowSource): Promise<void> {
  const quietly = () => {};
  if (verb === 'sft') await rows.sftExamples(run, quietly);
  else if (verb !== 'self-train') await rows.preferences(run, quietly);
  else {
    await rows.prompts(run, quietly);
    if ((run as RunOptions & SelfTrainingOptions).evalSteps > 0) await rows.prompts(devRows(run), quietly);
  }
}
/** TRL trains on every token of a conversation unless it is told otherwise. */
const TRAINED_ON = {
  last: 'of a conversation the last answer is trained on (--train_on all for every answer; TRL: every token, questions too)',
  all: 'of a conversation every answer is trained on, and nothing else (assistant_only_loss of TRL)',
};

/** What each verb trains on, ready to run. The options are those of its configuration. */
export const TASKS: Record<TrainingVerb, (run: RunOptions, context: TaskContext) => Promise<TrainingTask>> = {
  async sft(run, context) {
    const { opened, rows, warn } = context;
    const options = limited(run as RunOptions & SftOptions, opened);
    const examples = await rows.sftExamples(run, warn);
    const beside = remember(examples.map(promptOfExample), run, context);
    if (examples.some((example) => 'messages' in example)) context.note(TRAINED_ON[run.trainOn]);
    const data = prepareSft(opened.tokenizer, examples, options);
    const trainable = savedWith(supervised(opened, run), (dir) => {
      carryTemplate(opened.path, dir);
      beside(dir);
    });
    return sftTask(trainable, usable('examples', data, run, warn), options);
  },

  async jsft(run, context) {
    const { opened, rows, warn } = context;
    const options = limited(run as RunOptions & JsftOptions, opened);
    const template = resolveTemplate(run.judgeTemplate!, opened, run.judgeReasoning);
    const pairs = await rows.preferences(run, warn);
    if (template.rationale !== undefined && pairs.every(({ rationales }) => rationales === undefined))
      warn(`judge_template ${template.name} has rationales and no row has one: only verdicts are learnt`);
    const beside = remember(pairs.map(promptOfRow), run, context);
    const sft = prepareSft(opened.tokenizer, pairs.map(sftExampleOf), options);
    const judge = prepareJudge(opened.tokenizer, pairs, template, options);
    const trainable = savedWith(supervised(opened, run), (dir) => {
      saveTemplate(template, dir);
      beside(dir);
    });
    return jsftTask(
      trainable,
      {
        sft: usable('SFT examples', sft, run, warn),
        judge: usable('judge examples', judge, run, warn),
      },
      options,
    );
  },

  async dpo(run, context) {
    const { opened, rows, warn } = context;
    const options = limited(run as RunOptions & DpoOptions, opened);
    const pairs = await rows.preferences(run, warn);
    const beside = remember(pairs.map(promptOfRow), run, context);
    const data = preparePairs(opened.tokenizer, pairs, options);
    const trainable = savedWith(preference(opened, run), (dir) => {
      carryTemplate(opened.path, dir);
      beside(dir);
    });
    return dpoTask(trainable, usable('pairs', data, run, warn), options);
  },

  async 'self-train'(run, context) {
    const { opened, rows, folder, warn } = context;
    const options = promptsLimited(run as RunOptions & SelfTrainingOptions, opened);
    const template = resolveTemplate(run.judgeTemplate!, opened, run.judgeReasoning);
    const asked = await rows.prompts(run, warn);
    const beside = remember(asked.map(promptOfRow), run, context);
    const data = preparePrompts(opened.tokenizer, asked, options);
    const prompts = usable('prompts', data, run, warn);
    const dev = options.evalSteps > 0 ? await devPrompts(options, opened, rows, warn) : undefined;
    const trainable = savedWith(preference(opened, run), (dir) => {
      saveTemplate(template, dir);
      beside(dir);
    });
    const judge = new Judge(trainable.reference, opened.tokenizer, template);
    return selfTrainingTask(
      { trainable, judge, tokenizer: opened.tokenizer, options },
      { prompts, dev },
      (contests, step) => folder.writeSamples(`step-${step}`, contests.map(sampleRow)),
    );
  },
};

const promptOfRow = ({ prompt }: { prompt: Text }): Text => prompt;

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

/** A sampled pair as it is written down: what was asked, both answers, the verdict. */
function sampleRow({ prompt, a, b, fate, winner, verdict }: Contest): object {
  return {
    id: prompt.id,
    ...promptColumns(prompt.text),
    a: a.text,
    b: b.text,
    fate,
    winner: winner ?? null,
    probability: verdict?.probability ?? null,
  };
}
