import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ArgumentError, ConfigError, type AdapterConfig } from '@selfjudge/core';
import { Judge } from '@selfjudge/judging';
import {
  dpoTask,
  environment,
  fullPreferenceTrainable,
  fullTrainable,
  jsftTask,
  loraTrainable,
  preparePairs,
  preparePrompts,
  prepareSft,
  RunFolder,
  selfTrainingTask,
  sftTask,
  train,
  type Contest,
  type DpoOptions,
  type JsftOptions,
  type MetricsRow,
  type PreferenceTrainable,
  type SelfTrainingOptions,
  type SftOptions,
  type Trainable,
  type TrainingResult,
  type TrainingTask,
} from '@selfjudge/training';
import { sftExampleOf } from '@selfjudge/data';
import { parse, stringify } from 'yaml';
import { toOptions, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { prepareJudge, readPreferences, readPrompts, readSftExamples, warnDropped, type DatasetOptions } from './datasets.js';
import { carryTemplate, openModel, resolveTemplate, saveTemplate, type ModelOptions, type OpenModel } from './model.js';

export interface TrainHooks {
  signal?: AbortSignal;
  onLog?(row: MetricsRow, totalSteps: number): void;
  onWarning?(message: string): void;
}

export type TrainOutcome = TrainingResult & { outputDir: string; alreadyDone?: boolean };

/** What a verb's configuration holds in the API's names, beside the options of its method. */
type RunOptions = DatasetOptions &
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

/** Keys that may differ when a run goes on: they change where and how often things are written, not the result. */
const MAY_DIFFER = new Set(['save_steps', 'save_total_limit', 'output_dir', 'token_budget', 'device']);

/**
 * Runs a training verb in its run folder, or goes on where it stopped. The same configuration ends with the same bits
 * either way.
 * @throws ConfigError when the folder holds a run of another configuration
 */
export async function runTraining(verb: TrainingVerb, config: ResolvedConfig, hooks: TrainHooks = {}): Promise<TrainOutcome> {
  const options = toOptions(config) as unknown as RunOptions;
  const warn = hooks.onWarning ?? (() => {});
  const folder = RunFolder.open(options.outputDir);
  try {
    const done = checkConfig(options.outputDir, { verb, ...config });
    if (done !== undefined) return { ...done, outputDir: options.outputDir, alreadyDone: true };
    const opened = await openModel(options.modelNameOrPath, options);
    try {
      folder.writeConfig(stringify({ verb, ...config }));
      folder.writeEnvironment(environment(opened.model.device, '0.1.0'));
      const task = await BUILDERS[verb](opened, options, config, folder, warn);
      const result = await train(task, {
        folder,
        saveSteps: options.saveSteps,
        saveTotalLimit: options.saveTotalLimit,
        resume: true,
        signal: hooks.signal,
        onLog: (row) => hooks.onLog?.(row, task.order.totalSteps),
        onWarning: warn,
      });
      if (result.status === 'completed') folder.writeSummary({ verb, ...result });
      return { ...result, outputDir: options.outputDir };
    } finally {
      opened.dispose();
    }
  } finally {
    folder.close();
  }
}

/** The summary of a run that is complete already; undefined when there is work left. */
function checkConfig(outputDir: string, config: Record<string, unknown>): TrainingResult | undefined {
  const path = join(outputDir, 'config.yaml');
  if (!existsSync(path)) return undefined;
  const before = parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(config)])) {
    if (MAY_DIFFER.has(key) || JSON.stringify(before[key]) === JSON.stringify(config[key])) continue;
    throw new ConfigError({
      key,
      expected: `${JSON.stringify(before[key])}, as ${outputDir} holds a run with it (or choose another output_dir)`,
      received: config[key],
    });
  }
  const summary = join(outputDir, 'summary.json');
  if (!existsSync(summary) || !existsSync(join(outputDir, 'final'))) return undefined;
  return JSON.parse(readFileSync(summary, 'utf8')) as TrainingResult;
}

type Builder = (
  opened: OpenModel,
  options: RunOptions,
  config: ResolvedConfig,
  folder: RunFolder,
  warn: (message: string) => void,
) => Promise<TrainingTask>;

const BUILDERS: Record<TrainingVerb, Builder> = {
  async sft(opened, run, config, _, warn) {
    const options = toOptions(config) as unknown as SftOptions;
    const rows = await readSftExamples(run, warn);
    const data = prepareSft(opened.tokenizer, rows, { maxLength: options.maxLength, trainOn: run.trainOn });
    warnDropped('examples', data, warn);
    return sftTask(savedWith(supervised(opened, run), opened), required(data.examples, 'examples', run), options);
  },

  async jsft(opened, run, config, _, warn) {
    const options = toOptions(config) as unknown as JsftOptions;
    const template = resolveTemplate(run.judgeTemplate, opened);
    const pairs = await readPreferences(run, warn);
    const sft = prepareSft(opened.tokenizer, pairs.map(sftExampleOf), {
      maxLength: options.maxLength,
      trainOn: run.trainOn,
    });
    const judge = prepareJudge(opened.tokenizer, pairs, template, { maxLength: options.maxLength });
    warnDropped('SFT examples', sft, warn);
    warnDropped('judge examples', judge, warn);
    const trainable = supervised(opened, run);
    return jsftTask(
      { ...trainable, save: async (dir) => (await trainable.save(dir), saveTemplate(template, dir)) },
      { sft: required(sft.examples, 'SFT examples', run), judge: required(judge.examples, 'judge examples', run) },
      options,
    );
  },

  async dpo(opened, run, config, _, warn) {
    const options = toOptions(config) as unknown as DpoOptions;
    const data = preparePairs(opened.tokenizer, await readPreferences(run, warn), { maxLength: options.maxLength });
    warnDropped('pairs', data, warn);
    return dpoTask(savedWith(preference(opened, run), opened), required(data.examples, 'pairs', run), options);
  },

  async 'self-train'(opened, run, config, folder, warn) {
    const options = toOptions(config) as unknown as SelfTrainingOptions;
    const template = resolveTemplate(run.judgeTemplate, opened);
    const data = preparePrompts(opened.tokenizer, await readPrompts(run, warn), options);
    warnDropped('prompts', data, warn);
    const dev =
      options.evalSteps > 0
        ? preparePrompts(
            opened.tokenizer,
            await readPrompts({ ...run, datasetSplit: 'dev', datasetLimit: 64 }, () => {}),
            options,
          ).examples
        : undefined;
    const base = preference(opened, run);
    const trainable = {
      ...base,
      save: async (dir: string) => (await base.save(dir), saveTemplate(template, dir)),
    };
    return selfTrainingTask(
      {
        trainable,
        judge: new Judge(trainable.reference, opened.tokenizer, template),
        tokenizer: opened.tokenizer,
        options,
      },
      { prompts: required(data.examples, 'prompts', run), dev },
      (contests, step) => folder.writeSamples(`step-${step}`, contests.map(sampleRow)),
    );
  },
};

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
  if (!run.fullFinetuning) return loraTrainable(opened.model, loraOf(run), { seed: run.seed, start: opened.adapter });
  refuseAdapter(opened, run);
  return fullTrainable(opened.model);
}

function preference(opened: OpenModel, run: RunOptions): PreferenceTrainable {
  if (!run.fullFinetuning) return loraTrainable(opened.model, loraOf(run), { seed: run.seed, start: opened.adapter });
  refuseAdapter(opened, run);
  return fullPreferenceTrainable(opened.model);
}

function refuseAdapter({ adapter }: OpenModel, run: RunOptions): void {
  if (adapter !== undefined)
    throw new ArgumentError('full_finetuning', {
      where: 'train',
      expected: 'a whole model, as an adapter cannot be trained in full',
      received: resolve(run.modelNameOrPath),
    });
}

/** The judge template travels with the weights it was trained into. */
const savedWith = <T extends Trainable>(trainable: T, { path }: OpenModel): T => ({
  ...trainable,
  save: async (dir: string) => (await trainable.save(dir), carryTemplate(path, dir)),
});

function required<T>(examples: T[], what: string, { datasetName }: RunOptions): T[] {
  if (examples.length > 0) return examples;
  throw new ArgumentError('dataset_name', {
    where: 'train',
    expected: `at least one row usable as ${what}`,
    received: datasetName.join(', '),
  });
}
