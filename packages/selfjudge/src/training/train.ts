import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '@selfjudge/base';
import { isSame } from '@selfjudge/base/internal';
import { findModel, holdsReward, meet, ranksOfProcess, type Ranks } from '@selfjudge/engine/internal';
import type { Judge } from '@selfjudge/judging';
import {
  METHODS,
  RunFolder,
  type Method,
  type MetricsRow,
  type TrainingResult,
  type TrainingTask,
} from '@selfjudge/training';
import { environment, train } from '@selfjudge/training/internal';
import { readMetrics, RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { stringify } from 'yaml';
import { CONFIG_FORMAT, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { VERSION } from '../version.js';
import type { PlaceHooks } from '../hub/places.js';
import { fileRows, type RowSource, type Tally } from '../rows/datasets.js';
import { contentsOf } from '../models/contents.js';
import { checkTurns, formatWarnings, openModel, type OpenModel } from '../models/model.js';
import { resolveTemplate } from '../models/judgeTemplate.js';
import { findJudge, type OpenJudge } from '../models/openJudge.js';
import { openRewardStart } from '../models/rewardModel.js';
import { telling, templateNotes } from '../models/templateSettings.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { EventFile } from '../tracking/eventFile.js';
import { runBefore, type RunBefore } from './before.js';
import { preparedData } from './preparedData.js';
import { changedContents, RowRecord } from './fingerprints.js';
import { expectedTime } from './expectedTime.js';
import { withMoment } from './runMoment.js';
import { beganWith } from './sameRun.js';
import { givenOptions, runOptionsOf, type GivenOptions, type RunOptions } from './runOptions.js';
import { factsOfRank, settledLeaves } from './ranks.js';
import { RunPlaces } from './runPlaces.js';
import { planMemory } from './planMemory.js';
import { startFacts, type StartFacts } from './startFacts.js';
import { KNOWN_ROWS } from './streamedRows.js';
import { checkTask, readRows, taskOf } from './tasks.js';
import { baseWarning } from './trainables.js';

export interface TrainHooks {
  signal?: AbortSignal;
  /** Called once, before the first step. @param step steps done already, above 0 when a run goes on */
  onStart?(step: number, totalSteps: number): void;
  onLog?(row: MetricsRow, totalSteps: number): void;
  onWarning?(message: string): void;
  /** Told what is worth knowing and no warning: how rows are read, what is trained on, that a run is extended. Default: onWarning. */
  onNote?(message: string): void;
  /** Of what is downloaded first, where names on the hub are given. */
  downloads?: PlaceHooks;
  /** What the run is, before its first step. */
  onFacts?(facts: StartFacts): void;
  /** After three steps, how many seconds the others will take. */
  onExpectedTime?(seconds: number, steps: number): void;
}

export type TrainOutcome = (TrainingResult | { status: 'planned' }) & {
  outputDir: string;
  alreadyDone?: boolean;
};

/** What to train and on what, in place of the model and the files that the configuration names. */
export interface TrainInputs {
  /** Stays open. */
  opened?: OpenModel;
  rows?: RowSource;
  /** Who compares answers; nobody can tell whether it is the one that the run began with. */
  judge?: Judge;
  /** Likewise of the outside judge. */
  outsideJudge?: Judge;
  /** A run goes on though its data, weights, tokenizer, templates or code are not those it began with. */
  allowChanged?: boolean;
  /** Says what the run is, and stops; nothing is left behind. */
  dryRun?: boolean;
  /** Rows of which all examples are known before the first step. Default: 100,000. */
  knownRows?: number;
}

/**
 * Runs a training verb in its run folder, or goes on where it stopped. The same configuration ends with the same bits
 * either way. A run that cannot begin leaves no folder behind.
 * @throws ConfigError when the folder holds a run of another configuration or of other contents; ArgumentError when it is
 *   in use; FileFormatError when what it holds is damaged, saying what to remove to go on
 */
export async function runTraining(
  verb: TrainingVerb,
  given: ResolvedConfig,
  hooks: TrainHooks = {},
  inputs: TrainInputs = {},
): Promise<TrainOutcome> {
  const tally: Tally = { read: 0, ofSplit: 0, leftOut: {}, cut: 0 };
  const warn = hooks.onWarning ?? (() => {});
  const note = hooks.onNote ?? warn;
  const asked = givenOptions(given);
  if (inputs.opened === undefined) refuseOwnInput(asked);
  const ranks = ranksOfProcess();
  const folder = ranks.rank === 0 ? RunFolder.open(asked.outputDir) : RunFolder.follow(asked.outputDir);
  try {
    const begun = beganWith(folder.path);
    // What needs no model to be refused is refused before one is looked for.
    if (begun === undefined) checkTask(verb, asked);
    const places = new RunPlaces(folder.path, { signal: hooks.signal, onNote: note, ...hooks.downloads });
    const { modelNameOrPath, judge: judgeName, outsideJudge: outsideName, datasetName } = asked;
    const wanted = {
      judge: judgeName,
      outsideJudge: outsideName,
      ...(inputs.opened === undefined && { modelNameOrPath }),
    };
    const weights = begun === undefined ? (await places.models(wanted)).modelNameOrPath : undefined;
    const { config, told: moment } = withMoment(
      settle(given, { begun, ranks, model: weights }),
      begun,
      ranks.now(),
    );
    const before = runBefore(folder, verb, config, begun);
    const data = inputs.rows === undefined ? await places.data(datasetName) : {};
    const placed = async (names: string[] | undefined, wanted: 'train' | 'test') =>
      names === undefined || inputs.rows !== undefined
        ? names
        : (await places.data(names, wanted)).datasetName;
    const sftDatasetName = await placed(asked.sftDatasetName, 'train');
    const evalDatasetName = await placed(asked.evalDatasetName, 'test');
    const named = {
      ...runOptionsOf(verb, config),
      chatTemplateDate: moment,
      tally,
      ...data,
      sftDatasetName,
      evalDatasetName,
    };
    const prepared = inputs.rows === undefined ? preparedData(named, warn) : {};
    const record = new RowRecord();
    const rows = record.of(inputs.rows ?? fileRows);
    if (before?.result !== undefined && before.extended.length === 0 && !inputs.dryRun) {
      if (!inputs.allowChanged) await refuseOtherRows(verb, named, { before, record, rows, warn });
      meet(ranks, () => ({ run: 'complete' }));
      return { ...before.result, outputDir: folder.path, alreadyDone: true };
    }
    checkTask(verb, named);
    const options = { ...named, ...(await places.models(wanted)) };
    const found = await findJudge(options.judge, options);
    const foundOutside = await findJudge(options.outsideJudge, { ...options, judgeTemplate: 'auto' });
    const opened = inputs.opened ?? (await openStart(verb, options));
    if (opened.head !== undefined) note('it is a reward model: its head is trained further');
    const aboutBase = baseWarning(opened, options);
    if (aboutBase !== undefined) warn(aboutBase);
    let task: TrainingTask | undefined;
    let judge: OpenJudge | undefined;
    let outside: OpenJudge | undefined;
    const closings: (() => void)[] = [];
    try {
      // Weights that are trained themselves are no judge's.
      const beside = options.fullFinetuning ? undefined : opened;
      judge = await found?.(beside);
      outside = await foundOutside?.(beside);
      for (const [name, one] of Object.entries({ judge, 'outside judge': outside })) {
        if (one === undefined) continue;
        note(`the ${name} is ${one.about}`);
        one.warnings.forEach(warn);
      }
      checkTurns(opened);
      formatWarnings(opened).forEach(warn);
      const told = telling(opened, options);
      templateNotes(told.templateSettings).forEach(note);
      const { judgeTemplate, judgeReasoning } = options;
      const asked = {
        judgeTemplate:
          judgeTemplate === undefined ? undefined : resolveTemplate(judgeTemplate, opened, judgeReasoning),
        judge: judge?.fingerprint,
        outsideJudge: outside?.fingerprint,
      };
      const judgeWords = inputs.judge === undefined ? judge?.about : 'a judge of its own';
      let known: Record<string, string> | undefined;
      const contents = () => ({ ...(known ??= contentsOf(told, '', asked)), data: record.fingerprint() });
      task = await taskOf(verb, options, {
        opened: told,
        rows,
        folder,
        judge: inputs.judge ?? judge?.judge,
        outsideJudge: inputs.outsideJudge ?? outside?.judge,
        ranks,
        signal: hooks.signal,
        knownRows: inputs.knownRows ?? KNOWN_ROWS,
        onClose: (close) => closings.push(close),
        contents,
        warn,
        note,
      });
      if (before !== undefined) goOn(before, contents(), task, { ...hooks, ...inputs });
      const { device } = opened.model;
      meet(ranks, () => factsOfRank(config, folder, { device, contents: contents() }));
      if (ranks.size > 1)
        note(`${ranks.size} processes share out the ${options.gradientLeaves} slices of each step`);
      const memory = await planMemory(task, device, options);
      if (memory?.recompute && options.activationRecompute === 'auto')
        note('blocks are computed again in backward: kept as they are, they would not fit the memory');
      hooks.onFacts?.(startFacts(verb, options, { opened: told, task, tally, judge: judgeWords, memory }));
      if (inputs.dryRun) return { status: 'planned', outputDir: folder.path };
      folder.writeConfig(stringify({ verb, format: CONFIG_FORMAT, ...config }));
      folder.writeEnvironment(environment(device, VERSION));
      folder.writeFingerprints({ ...contents() });
      if (Object.keys(places.names).length > 0) folder.writeHubNames(places.names);
      if (Object.keys(prepared).length > 0) folder.writeData(prepared);
      folder.unfinish();
      const { totalSteps } = task.order;
      let clock: (row: MetricsRow) => void = () => {};
      let events: EventFile | undefined;
      const result = await train(task, {
        folder,
        saveSteps: options.saveSteps,
        saveTotalLimit: options.saveTotalLimit,
        resume: true,
        signal: hooks.signal,
        ranks,
        gradientLeaves: options.gradientLeaves,
        onStart: (step) => {
          if (options.reportTo === 'tensorboard' && ranks.rank === 0)
            events = new EventFile(folder.path, readMetrics(folder.path).rows);
          clock = expectedTime(task!, step, (seconds, steps) => hooks.onExpectedTime?.(seconds, steps));
          hooks.onStart?.(step, totalSteps);
        },
        onLog: (row) => {
          clock(row);
          events?.append(row);
          hooks.onLog?.(row, totalSteps);
        },
        onWarning: warn,
      });
      if (result.status === 'completed') folder.writeSummary({ verb, ...result });
      return { ...result, outputDir: folder.path };
    } finally {
      for (const close of closings) close();
      task?.optimizer.dispose();
      task?.trainable.dispose();
      judge?.dispose();
      outside?.dispose();
      if (inputs.opened === undefined) opened.dispose();
    }
  } finally {
    if (existsSync(join(folder.path, RUN_LAYOUT.config))) folder.close();
    else folder.abandon();
  }
}

/** What a run begins with: a language model, or a reward model where the method trains one. */
function openStart(verb: TrainingVerb, options: RunOptions): Promise<OpenModel> {
  const { withHead }: Method = METHODS[verb];
  const open = withHead === true && holdsReward(options.modelNameOrPath) ? openRewardStart : openModel;
  return open(options.modelNameOrPath, options);
}

/** @throws ConfigError when the run would write over the model that it begins with */
function refuseOwnInput({ outputDir, modelNameOrPath }: GivenOptions): void {
  const [own, ...parts] = ['.', RUN_LAYOUT.final, RUN_LAYOUT.checkpoints].map((part) =>
    join(outputDir, part),
  );
  const isPart = (part: string) => isSame(part, modelNameOrPath) || isSame(part, dirname(modelNameOrPath));
  if (!isSame(own, modelNameOrPath) && !parts.some(isPart)) return;
  throw new ConfigError({
    key: 'output_dir',
    expected: `another folder than that of the model (${modelNameOrPath}): the run would write over what it begins with`,
    received: outputDir,
  });
}

/** Says what is not as it was, or refuses to go on with it. @throws ConfigError */
function goOn(
  before: RunBefore,
  contents: Record<string, string>,
  { order }: TrainingTask,
  { allowChanged = false, onWarning, onNote }: TrainHooks & TrainInputs,
): void {
  const changed = changedContents(before, contents, allowChanged);
  if (changed !== undefined) onWarning?.(changed);
  if (before.extended.length > 0) onNote?.(before.extension(order));
}

/** A complete run is that of the rows it was trained on. @throws ConfigError when they are others now */
async function refuseOtherRows(
  verb: TrainingVerb,
  options: RunOptions,
  {
    before,
    record,
    rows,
    warn,
  }: { before: RunBefore; record: RowRecord; rows: RowSource; warn(message: string): void },
): Promise<void> {
  if (before.contents === undefined) return;
  try {
    await readRows(verb, options, rows);
  } catch (error) {
    warn(`the rows cannot be compared with those of the run: ${(error as Error).message}`);
    return;
  }
  changedContents(before, { ...before.contents, data: record.fingerprint() }, false);
}

/**
 * The configuration with what `auto` stands for: what the run in the folder began with, else what the weights bring.
 * @param model where they lie, of a new run
 */
function settle(
  config: ResolvedConfig,
  {
    begun,
    ranks,
    model = givenOptions(config).modelNameOrPath,
  }: { begun: ReturnType<typeof beganWith>; ranks: Ranks; model?: string },
): ResolvedConfig {
  const { prompt_format: format, judge_reasoning: reasoning, gradient_leaves: leaves } = config;
  const settled: ResolvedConfig = { ...config, gradient_leaves: settledLeaves(leaves, begun, ranks) };
  if (format === 'auto')
    settled.prompt_format = begun?.prompt_format ?? resolvePromptFormat('auto', findModel(model));
  if (reasoning === 'auto') settled.judge_reasoning = begun?.judge_reasoning ?? reasoning;
  return settled;
}
