import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findModel } from '@selfjudge/engine/internal';
import { RunFolder, type MetricsRow, type TrainingResult, type TrainingTask } from '@selfjudge/training';
import { environment, train } from '@selfjudge/training/internal';
import { RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { stringify } from 'yaml';
import { toOptions, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { VERSION } from '../version.js';
import { fileRows, type RowSource } from '../rows/datasets.js';
import { checkTurns, formatWarnings, openModel, type OpenModel } from '../models/model.js';
import { telling, templateNotes } from '../models/templateSettings.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { withMoment } from './runMoment.js';
import { beganWith, refuseOtherConfig } from './sameRun.js';
import type { RunOptions } from './runOptions.js';
import { checkTask, TASKS } from './tasks.js';

export interface TrainHooks {
  signal?: AbortSignal;
  /** Called once, before the first step. @param step steps done already, above 0 when a run goes on */
  onStart?(step: number, totalSteps: number): void;
  onLog?(row: MetricsRow, totalSteps: number): void;
  onWarning?(message: string): void;
  /** How the rows are read and what is trained on. Default: onWarning. */
  onNote?(message: string): void;
}

export type TrainOutcome = TrainingResult & { outputDir: string; alreadyDone?: boolean };

/** What to train and on what, in place of the model and the files that the configuration names. */
export interface TrainInputs {
  /** Stays open. */
  opened?: OpenModel;
  rows?: RowSource;
}

/** Keys that may differ when a run goes on: where it lies, how often it is saved, and in what portions it computes. */
const MAY_DIFFER = new Set(['save_steps', 'save_total_limit', 'output_dir', 'token_budget', 'device']);

/**
 * Runs a training verb in its run folder, or goes on where it stopped. The same configuration ends with the same bits
 * either way. A run that cannot begin leaves no folder behind.
 * @throws ConfigError when the folder holds a run of another configuration; ArgumentError when it is in use;
 *   FileFormatError when what it holds is damaged, saying what to remove to go on
 */
export async function runTraining(
  verb: TrainingVerb,
  given: ResolvedConfig,
  hooks: TrainHooks = {},
  inputs: TrainInputs = {},
): Promise<TrainOutcome> {
  const warn = hooks.onWarning ?? (() => {});
  const folder = RunFolder.open(given.output_dir as string);
  try {
    const { config, told: moment } = withMoment(folder.path, settle(given, folder.path));
    const options = { ...toOptions(config), chatTemplateDate: moment } as unknown as RunOptions;
    const done = checkRun(folder, { verb, ...config });
    if (done !== undefined) return { ...done, outputDir: folder.path, alreadyDone: true };
    checkTask(options);
    const opened = inputs.opened ?? (await openModel(options.modelNameOrPath, options));
    let task: TrainingTask | undefined;
    try {
      checkTurns(opened);
      formatWarnings(opened).forEach(warn);
      const told = telling(opened, options);
      const note = hooks.onNote ?? warn;
      templateNotes(told.templateSettings).forEach(note);
      task = await TASKS[verb](options, { opened: told, rows: inputs.rows ?? fileRows, folder, warn, note });
      folder.writeConfig(stringify({ verb, ...config }));
      folder.writeEnvironment(environment(opened.model.device, VERSION));
      const { totalSteps } = task.order;
      const result = await train(task, {
        folder,
        saveSteps: options.saveSteps,
        saveTotalLimit: options.saveTotalLimit,
        resume: true,
        signal: hooks.signal,
        onStart: (step) => hooks.onStart?.(step, totalSteps),
        onLog: (row) => hooks.onLog?.(row, totalSteps),
        onWarning: warn,
      });
      if (result.status === 'completed') folder.writeSummary({ verb, ...result });
      return { ...result, outputDir: folder.path };
    } finally {
      task?.optimizer.dispose();
      task?.trainable.dispose();
      if (inputs.opened === undefined) opened.dispose();
    }
  } finally {
    if (existsSync(configOf(folder))) folder.close();
    else folder.abandon();
  }
}

/** The configuration with what `auto` stands for: what the run in the folder began with, else what the weights bring. */
function settle(config: ResolvedConfig, folder: string): ResolvedConfig {
  const { prompt_format: format, judge_reasoning: reasoning, model_name_or_path: path } = config;
  if (format !== 'auto' && reasoning !== 'auto') return config;
  const begun = beganWith(folder);
  // What needs no model to be refused is refused before one is looked for.
  if (begun === undefined) checkTask(toOptions(config) as unknown as RunOptions);
  const settled = { ...config };
  if (format === 'auto')
    settled.prompt_format = begun?.prompt_format ?? resolvePromptFormat('auto', findModel(path as string));
  if (reasoning === 'auto') settled.judge_reasoning = begun?.judge_reasoning ?? reasoning;
  return settled;
}

const configOf = ({ path }: RunFolder) => join(path, RUN_LAYOUT.config);

/** The summary of a run that is complete already; undefined when there is work left. */
function checkRun(folder: RunFolder, config: Record<string, unknown>): TrainingResult | undefined {
  if (!existsSync(configOf(folder))) return undefined;
  refuseOtherConfig(folder.path, config, MAY_DIFFER);
  const summary = folder.readSummary<TrainingResult & { verb: string }>();
  if (summary === undefined) return undefined;
  const { verb: _, ...result } = summary;
  return result;
}
