import { resolve } from 'node:path';
import { ArgumentError, ConfigError } from '@selfjudge/base';
import type { AdapterConfig } from '@selfjudge/engine';
import { sftExampleOf } from '@selfjudge/data';
import { Judge } from '@selfjudge/judging';
import {
  dpoTask,
  fullPreferenceTrainable,
  fullTrainable,
  jsftTask,
  loraTrainable,
  preparePairs,
  preparePrompts,
  prepareSft,
  selfTrainingTask,
  sftTask,
  type Contest,
  type DpoOptions,
  type JsftOptions,
  type PreferenceTrainable,
  type Prepared,
  type RunFolder,
  type SelfTrainingOptions,
  type SftOptions,
  type Trainable,
  type TrainingTask,
} from '@selfjudge/training';
import type { TrainingVerb } from '../config/index.js';
import {
  prepareJudge,
  warnDropped,
  type DatasetOptions,
  type RowSource,
  type Warn,
} from '../rows/datasets.js';
import {
  carryTemplate,
  resolveTemplate,
  saveTemplate,
  type ModelOptions,
  type OpenModel,
} from '../models/model.js';

/** What a verb's configuration holds in the API's names, beside the options of its method. */
export type RunOptions = DatasetOptions &
  ModelOptions & {
    modelNameOrPath: string;
    outputDir: string;
    fullFinetuning: boolean;
    loraR: number;
    loraAlpha: number;
    loraDropout: number;
    loraTargetModules: string[];
    judgeTemplate: string;
    trainOn: 'last' | 'all';
    seed: number;
    saveSteps: number;
    saveTotalLimit: number;
  };

export interface TaskContext {
  opened: OpenModel;
  rows: RowSource;
  folder: RunFolder;
  warn: Warn;
}

/** Dev prompts that the judge is asked about; more would only cost time. */
const DEV_PROMPTS = 64;

/** What each verb trains on, ready to run. The options are those of its configuration. */
export const TASKS: Record<TrainingVerb, (run: RunOptions, context: TaskContext) => Promise<TrainingTask>> = {
  async sft(run, { opened, rows, warn }) {
    const options = limited(run as RunOptions & SftOptions, opened);
    const data = prepareSft(opened.tokenizer, await rows.sftExamples(run, warn), options);
    const trainable = savedWith(supervised(opened, run), (dir) => carryTemplate(opened.path, dir));
    return sftTask(trainable, usable('examples', data, run, warn), options);
  },

  async jsft(run, { opened, rows, warn }) {
    const options = limited(run as RunOptions & JsftOptions, opened);
    const template = resolveTemplate(run.judgeTemplate, opened);
    const pairs = await rows.preferences(run, warn);
    const sft = prepareSft(opened.tokenizer, pairs.map(sftExampleOf), options);
    const judge = prepareJudge(opened.tokenizer, pairs, template, options);
    return jsftTask(
      savedWith(supervised(opened, run), (dir) => saveTemplate(template, dir)),
      {
        sft: usable('SFT examples', sft, run, warn),
        judge: usable('judge examples', judge, run, warn),
      },
      options,
    );
  },

  async dpo(run, { opened, rows, warn }) {
    const options = limited(run as RunOptions & DpoOptions, opened);
    const data = preparePairs(opened.tokenizer, await rows.preferences(run, warn), options);
    const trainable = savedWith(preference(opened, run), (dir) => carryTemplate(opened.path, dir));
    return dpoTask(trainable, usable('pairs', data, run, warn), options);
  },

  async 'self-train'(run, { opened, rows, folder, warn }) {
    const options = promptsLimited(run as RunOptions & SelfTrainingOptions, opened);
    const template = resolveTemplate(run.judgeTemplate, opened);
    const data = preparePrompts(opened.tokenizer, await rows.prompts(run, warn), options);
    const prompts = usable('prompts', data, run, warn);
    const dev = options.evalSteps > 0 ? await devPrompts(options, opened, rows) : undefined;
    const trainable = savedWith(preference(opened, run), (dir) => saveTemplate(template, dir));
    const judge = new Judge(trainable.reference, opened.tokenizer, template);
    return selfTrainingTask(
      { trainable, judge, tokenizer: opened.tokenizer, options },
      { prompts, dev },
      (contests, step) => folder.writeSamples(`step-${step}`, contests.map(sampleRow)),
    );
  },
};

/** Sequences must fit the model, whatever was asked for. */
function limited<T extends { maxLength: number }>(options: T, { model }: OpenModel): T {
  return { ...options, maxLength: Math.min(options.maxLength, model.config.maxPositions) };
}

/** Prompts must leave the model room for their answers. */
function promptsLimited<T extends SelfTrainingOptions>(options: T, { model }: OpenModel): T {
  const { maxPositions } = model.config;
  const room = maxPositions - options.maxNewTokens;
  if (room > 0) return { ...options, maxPromptLength: Math.min(options.maxPromptLength, room) };
  throw new ConfigError({
    key: 'max_new_tokens',
    expected: `less than the model's context of ${maxPositions} tokens`,
    received: options.maxNewTokens,
  });
}

async function devPrompts(
  run: RunOptions & SelfTrainingOptions,
  { tokenizer }: OpenModel,
  source: RowSource,
) {
  if (run.datasetSplit === 'all' || run.datasetSplit === 'dev')
    throw new ConfigError({
      key: 'eval_steps',
      expected: `0, as dataset_split '${run.datasetSplit}' trains on the dev prompts that would be asked about`,
      received: run.evalSteps,
    });
  const rows = await source.prompts({ ...run, datasetSplit: 'dev', datasetLimit: DEV_PROMPTS }, () => {});
  return preparePrompts(tokenizer, rows, run).examples;
}

/** A sampled pair as it is written down: what was asked, both answers, the verdict. */
function sampleRow({ prompt, a, b, fate, winner, verdict }: Contest): object {
  return {
    id: prompt.id,
    prompt: prompt.text,
    a: a.text,
    b: b.text,
    fate,
    winner: winner ?? null,
    probability: verdict?.probability ?? null,
  };
}

const loraOf = (run: RunOptions): AdapterConfig => ({
  r: run.loraR,
  alpha: run.loraAlpha,
  dropout: run.loraDropout,
  targetModules: run.loraTargetModules,
});

function supervised(opened: OpenModel, run: RunOptions): Trainable {
  if (!run.fullFinetuning) return lora(opened, run);
  refuseAdapter(opened, run);
  return fullTrainable(opened.model);
}

function preference(opened: OpenModel, run: RunOptions): PreferenceTrainable {
  if (!run.fullFinetuning) return lora(opened, run);
  refuseAdapter(opened, run);
  return fullPreferenceTrainable(opened.model);
}

function lora({ model, adapter }: OpenModel, run: RunOptions): PreferenceTrainable {
  return loraTrainable(model, loraOf(run), { seed: run.seed, start: adapter });
}

function refuseAdapter({ adapter }: OpenModel, run: RunOptions): void {
  if (adapter === undefined) return;
  throw new ArgumentError('full_finetuning', {
    where: 'train',
    expected: 'a whole model, as an adapter cannot be trained in full',
    received: resolve(run.modelNameOrPath),
  });
}

/** Saves something beside the weights: the judge template travels with the weights it was trained into. */
function savedWith<T extends Trainable>(trainable: T, beside: (dir: string) => void): T {
  return {
    ...trainable,
    save: async (dir: string) => {
      await trainable.save(dir);
      beside(dir);
    },
  };
}

/** The examples, after a word about those left out. @throws ArgumentError when none is left */
function usable<T>(what: string, data: Prepared<T>, { datasetName }: RunOptions, warn: Warn): T[] {
  warnDropped(what, data, warn);
  if (data.examples.length > 0) return data.examples;
  throw new ArgumentError('dataset_name', {
    where: 'train',
    expected: `at least one row that can be used (${what})`,
    received: `none of ${data.dropped.length} in ${datasetName.join(', ')}`,
  });
}
