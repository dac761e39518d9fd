import { join } from 'node:path';
import { Device, generate, LlamaModel, Random, type ModelView, type Tokenizer } from '@selfjudge/core';
import { promptIds, sftExampleOf, type PreferencePair } from '@selfjudge/data';
import type { Estimate } from '@selfjudge/evaluation';
import { Judge, judgeSequences, tournament, type JudgeTemplate } from '@selfjudge/judging';
import {
  answerSequence,
  dpoDefaults,
  dpoTask,
  environment,
  fullPreferenceTrainable,
  fullTrainable,
  judgeExample,
  JudgeSignal,
  jsftDefaults,
  jsftTask,
  preparePairs,
  preparePrompts,
  prepareSft,
  RunFolder,
  scoreSequences,
  selfTrainingDefaults,
  selfTrainingTask,
  train,
  type DpoOptions,
  type JsftOptions,
  type MetricsRow,
  type PairJudge,
  type PreferenceTrainable,
  type SelfTrainingOptions,
  type TokenizedPrompt,
  type TrainingResult,
  type TrainingTask,
} from '@selfjudge/training';
import { stringify } from 'yaml';
import { baseTask, worldModelConfig, WORLD_OPTIMIZER } from '../world/base.js';
import { gold } from '../world/gold.js';
import { judgeAccuracy, measure, worldText, type WorldScore } from '../world/measure.js';
import { makePairs } from '../world/pairs.js';
import { drawPrompts, splitPrompts, type WorldPrompt, type WorldSplits } from '../world/prompts.js';
import { worldTemplate } from '../world/templates.js';
import { VerdictAccuracy } from '../world/verdictAccuracy.js';
import { writeWorldTokenizer } from '../world/vocabulary.js';
import { saveTemplate } from './model.js';

export interface QuickstartOptions {
  outputDir: string;
  seed: number;
  template: 'plain' | 'principles' | 'rationale';
  /** Labelled pairs. */
  pairs: number;
  /** Probability that a label is flipped. */
  labelNoise: number;
  baseSteps: number;
  jsftSteps: number;
  steps: number;
  /** Answers a test prompt for gold, and for the tournament. */
  samples: number;
  bestOf: number;
}

export const quickstartDefaults: QuickstartOptions = {
  outputDir: 'runs/quickstart',
  seed: 1,
  template: 'principles',
  pairs: 1000,
  labelNoise: 0.25,
  baseSteps: 1200,
  jsftSteps: 400,
  steps: 160,
  samples: 8,
  bestOf: 16,
};

export interface QuickstartHooks {
  onPhase(name: string, totalSteps: number): void;
  onLog?(phase: string, row: MetricsRow, totalSteps: number): void;
  onWarning?(message: string): void;
  signal?: AbortSignal;
}

/** One row of the result table. */
export interface Contender {
  name: string;
  score: WorldScore;
  /** Nats a sequence to JSFT on own samples; absent where it makes no sense. */
  kl?: number;
  /** The step whose policy was kept. */
  step?: number;
}

export interface QuickstartResult {
  judgeAccuracy: Estimate;
  contenders: Contender[];
  /** A few test prompts with an answer before and after self-training. */
  examples: { prompt: string; before: string; after: string; goldBefore: number; goldAfter: number }[];
  seconds: Record<string, number>;
  outputDir: string;
}

/** Random numbers of a phase, so that phases do not depend on each other's draws. */
const STREAM = { pairs: 1, devPairs: 2, prompts: 3 };

/**
 * The whole method in a world whose answers can be scored exactly: a model from nothing, JSFT on noisy labels, judging,
 * self-training stopped by its own signal, offline DPO on the same pairs, tournaments. Every choice is made on dev
 * prompts or by the judge itself; test prompts are scored once, at the end.
 */
export async function quickstart(options: QuickstartOptions, hooks: QuickstartHooks): Promise<QuickstartResult> {
  const world = await World.open(options, hooks);
  try {
    await world.base();
    await world.jsft();
    const reference = world.model.clone();
    const own = await world.selfTrain();
    const offline = await world.dpo(reference);
    const result = await world.report(reference, own, offline);
    for (const model of [reference, own.model, offline.model]) model.dispose();
    return result;
  } finally {
    world.close();
  }
}

interface Trained {
  model: LlamaModel;
  step: number;
}

/** The world of one run: its splits, its pairs, the model that grows through the phases. */
export class World {
  readonly splits: WorldSplits;
  readonly pairs: PreferencePair[];
  readonly seconds: Record<string, number> = {};
  /** What every comparison asks. Tests put a liar here. */
  judgeOf: (view: ModelView) => PairJudge;

  private constructor(
    readonly options: QuickstartOptions,
    readonly hooks: QuickstartHooks,
    readonly folder: RunFolder,
    readonly tokenizer: Tokenizer,
    readonly template: JudgeTemplate,
    public model: LlamaModel,
  ) {
    this.splits = splitPrompts(options.seed);
    const { pairs: count, labelNoise: noise, seed } = options;
    this.pairs = makePairs(this.splits.train, { count, noise, seed: seed * 10 + STREAM.pairs });
    this.judgeOf = (view) => new Judge(view, tokenizer, template);
  }

  static async open(options: QuickstartOptions, hooks: QuickstartHooks): Promise<World> {
    const folder = RunFolder.open(options.outputDir);
    const device = Device.open();
    const tokenizer = await writeWorldTokenizer(join(options.outputDir, 'tokenizer'));
    const model = LlamaModel.init(worldModelConfig(tokenizer), {
      device,
      dtype: 'float32',
      seed: options.seed,
      tokenizer,
    });
    folder.writeConfig(stringify({ verb: 'quickstart', ...options }));
    folder.writeEnvironment(environment(device, '0.1.0'));
    return new World(options, hooks, folder, tokenizer, worldTemplate(options.template), model);
  }

  close(): void {
    this.model.dispose();
    this.folder.close();
  }

  /** Runs one phase in a run folder of its own. */
  async phase(name: string, task: TrainingTask): Promise<TrainingResult> {
    const { hooks, options } = this;
    const start = performance.now();
    hooks.onPhase(name, task.order.totalSteps);
    const folder = RunFolder.open(join(options.outputDir, name));
    try {
      folder.writeConfig(stringify({ verb: name, ...options }));
      const result = await train(task, {
        folder,
        saveSteps: 0,
        saveTotalLimit: 1,
        resume: true,
        signal: hooks.signal,
        onLog: (row) => hooks.onLog?.(name, row, task.order.totalSteps),
        onWarning: hooks.onWarning,
      });
      if (result.status === 'interrupted') hooks.signal?.throwIfAborted();
      folder.writeSummary({ verb: name, ...result });
      return result;
    } finally {
      folder.close();
      this.seconds[name] = (performance.now() - start) / 1000;
    }
  }

  base(): Promise<TrainingResult> {
    const { baseSteps: steps, seed } = this.options;
    const { model, tokenizer, template, splits } = this;
    return this.phase('base', baseTask(model, tokenizer, template, splits.train, { steps, learningRate: 4e-3, seed }));
  }

  /** Demonstrations and verdicts with label masks; the checkpoint of the best verdicts on noisy dev pairs is kept. */
  async jsft(pairs: PreferencePair[] = this.pairs): Promise<TrainingResult> {
    const { tokenizer, template, splits, options } = this;
    const settings: JsftOptions = {
      ...jsftDefaults,
      ...WORLD_OPTIMIZER,
      learningRate: 2e-3,
      lrSchedulerType: 'cosine',
      minLrRatio: 0.1,
      warmupSteps: 20,
      trainBatchSize: 16,
      judgeBatchSize: 16,
      maxSteps: options.jsftSteps,
      maxLength: 256,
      seed: options.seed,
    };
    const judgeExamples = (of: PreferencePair[]) =>
      of.map((pair) => judgeExample(judgeSequences(pair, template, tokenizer), pair.id));
    const dev = makePairs(splits.dev, {
      count: 200,
      noise: options.labelNoise,
      seed: options.seed * 10 + STREAM.devPairs,
    });
    const trainable = fullTrainable(this.model);
    const task = jsftTask(
      { ...trainable, save: async (dir) => (await trainable.save(dir), saveTemplate(template, dir)) },
      {
        sft: prepareSft(tokenizer, pairs.map(sftExampleOf), { maxLength: 256 }).examples,
        judge: judgeExamples(pairs),
      },
      settings,
    );
    const every = Math.max(1, Math.floor(options.jsftSteps / 8));
    return this.phase('jsft', {
      ...task,
      selection: new VerdictAccuracy(trainable.policy, judgeExamples(dev), every),
    });
  }

  /** On-policy training from JSFT, by its own judgments. */
  async selfTrain(): Promise<Trained> {
    const trainable = this.startFrom();
    const { options, tokenizer, splits } = this;
    const random = new Random(options.seed, STREAM.prompts);
    const settings = this.preferenceOptions();
    const prompts = this.tokenized(drawPrompts(splits.train, random, options.steps * settings.trainBatchSize));
    const task = selfTrainingTask(
      { trainable, judge: this.judgeOf(trainable.reference), tokenizer, options: settings },
      { prompts, dev: this.devPrompts() },
    );
    const result = await this.phase('self-train', task);
    trainable.start.dispose();
    return { model: trainable.model, step: stepOf(result) };
  }

  /** Offline DPO on the overall labels of the same pairs, its checkpoint chosen by the same signal. */
  async dpo(judgeModel: LlamaModel): Promise<Trained> {
    const trainable = this.startFrom();
    const { tokenizer } = this;
    const shared = this.preferenceOptions();
    const settings: DpoOptions = { ...dpoDefaults, ...shared, maxLength: 256, precomputeRefLogProbs: true };
    const task = await dpoTask(trainable, preparePairs(tokenizer, this.pairs, { maxLength: 256 }).examples, settings);
    const judge = this.judgeOf(judgeModel.view());
    const signal = new JudgeSignal(
      { trainable, judge, tokenizer, optimizer: task.optimizer, options: shared },
      this.devPrompts(),
    );
    const result = await this.phase('dpo', { ...task, selection: signal });
    trainable.start.dispose();
    return { model: trainable.model, step: stepOf(result) };
  }

  private startFrom(): PreferenceTrainable & { model: LlamaModel; start: LlamaModel } {
    const model = this.model.clone();
    return { ...fullPreferenceTrainable(model), model };
  }

  private preferenceOptions(): SelfTrainingOptions {
    const { steps, seed } = this.options;
    return {
      ...selfTrainingDefaults,
      ...WORLD_OPTIMIZER,
      weightDecay: 0,
      learningRate: 5e-5,
      lrSchedulerType: 'constant',
      warmupSteps: 10,
      trainBatchSize: 48,
      maxSteps: steps,
      maxNewTokens: 18,
      maxPromptLength: 200,
      evalSteps: 20,
      maxKl: 2,
      seed,
    };
  }

  private tokenized(prompts: readonly WorldPrompt[]): TokenizedPrompt[] {
    const rows = prompts.map(({ text, key }) => ({ id: key, prompt: text }));
    return preparePrompts(this.tokenizer, rows, { maxPromptLength: 200 }).examples;
  }

  /** Every dev prompt several times: the signal is a mean, and prompts are cheap. */
  private devPrompts(): TokenizedPrompt[] {
    return this.tokenized(this.splits.dev.flatMap((prompt) => Array.from({ length: 4 }, () => prompt)));
  }

  /** `count` answers a prompt as the world's text, with their token ids. */
  async sample(model: LlamaModel, prompts: readonly WorldPrompt[], count: number, seed: number) {
    const { tokenizer } = this;
    const samples = await generate(
      model.view(),
      prompts.map(({ text }) => promptIds(tokenizer, text)),
      { count, maxNewTokens: 18, temperature: 1, topP: 0.9, seed, maxBatch: 128, eos: tokenizer.eos },
    );
    return samples.map((of) =>
      of.map(({ tokens, finish, logprobs }) => {
        const spoken = finish === 'eos' ? tokens.slice(0, -1) : tokens;
        return { text: worldText(tokenizer.decode(spoken, { skipSpecial: true })), tokens, logprobs };
      }),
    );
  }

  /** The best of N by tournament, with JSFT as judge. */
  private async best(model: LlamaModel, reference: LlamaModel): Promise<string[][]> {
    const { splits, options } = this;
    const samples = await this.sample(model, splits.test, options.bestOf, options.seed + 11);
    const judge = this.judgeOf(reference.view());
    const results = await tournament(
      splits.test.map(({ text }, i) => ({ prompt: text, candidates: samples[i].map((s) => s.text) })),
      (pairs) => judge.compare([...pairs]),
      options.seed,
    );
    return results.map(({ winner }, i) => [samples[i][winner].text]);
  }

  private async kl(model: LlamaModel, reference: LlamaModel): Promise<number> {
    const { splits, tokenizer } = this;
    const samples = await this.sample(model, splits.test, 2, this.options.seed + 12);
    const sequences = samples.flatMap((of, i) =>
      of.map(({ tokens }) => answerSequence(promptIds(tokenizer, splits.test[i].text), tokens)),
    );
    const [policy, start] = [
      await scoreSequences(sequences, model.view(), 8192),
      await scoreSequences(sequences, reference.view(), 8192),
    ];
    return policy.reduce((sum, x, i) => sum + x - start[i], 0) / policy.length;
  }

  /** Scores everything on the test prompts, once. */
  async report(reference: LlamaModel, own: Trained, offline: Trained): Promise<QuickstartResult> {
    const { splits, options, seconds, hooks } = this;
    const start = performance.now();
    hooks.onPhase('test', 0);
    const { test } = splits;
    const answers = async (model: LlamaModel) =>
      (await this.sample(model, test, options.samples, options.seed + 9)).map((of) => of.map((s) => s.text));
    const jsft = await answers(reference);
    const trained = await answers(own.model);
    const contenders: Contender[] = [
      { name: 'JSFT', score: measure(test, jsft, jsft) },
      {
        name: 'offline DPO',
        score: measure(test, await answers(offline.model), jsft),
        kl: await this.kl(offline.model, reference),
        step: offline.step,
      },
      {
        name: 'SELF-JUDGE',
        score: measure(test, trained, jsft),
        kl: await this.kl(own.model, reference),
        step: own.step,
      },
      { name: `JSFT, best of ${options.bestOf}`, score: measure(test, await this.best(reference, reference), jsft) },
      { name: `SELF-JUDGE, best of ${options.bestOf}`, score: measure(test, await this.best(own.model, reference), jsft) },
    ];
    const judge = new Judge(reference.view(), this.tokenizer, this.template);
    const accuracy = await judgeAccuracy(judge, test, jsft);
    seconds.test = (performance.now() - start) / 1000;
    const result: QuickstartResult = {
      judgeAccuracy: accuracy,
      contenders,
      examples: pickExamples(test, jsft, trained),
      seconds,
      outputDir: options.outputDir,
    };
    this.folder.writeSummary({ ...result });
    return result;
  }
}

const stepOf = (result: TrainingResult): number => (result.status === 'completed' ? result.bestStep : result.step);

/** The first answer of every so many prompts: no choosing by how it turned out. */
function pickExamples(test: readonly WorldPrompt[], before: string[][], after: string[][]): QuickstartResult['examples'] {
  const every = Math.max(1, Math.floor(test.length / 6));
  return test
    .map((prompt, i) => ({
      prompt: prompt.text,
      before: before[i][0],
      after: after[i][0],
      goldBefore: gold(prompt, before[i][0]).score,
      goldAfter: gold(prompt, after[i][0]).score,
    }))
    .filter((_, i) => i % every === 0);
}
