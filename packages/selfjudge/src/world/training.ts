import { dirname, join } from 'node:path';
import { Device, Model } from '@selfjudge/engine';
import { assertFinished, sampleAnswers } from '@selfjudge/engine/internal';
import { Random } from '@selfjudge/base';
import type { Tokenizer } from '@selfjudge/text';
import type { PreferencePair } from '@selfjudge/data';
import { promptIds, sftExampleOf } from '@selfjudge/data/internal';
import { TokenJudge, type Judge, type JudgeTemplate } from '@selfjudge/judging';
import { judgeSequences } from '@selfjudge/judging/internal';
import {
  JudgeSignal,
  type DpoOptions,
  type JsftOptions,
  type Metrics,
  type PreferenceTrainable,
  type Selection,
  type SelfTrainingOptions,
  type TokenizedPrompt,
  type Trainable,
  type TrainingTask,
} from '@selfjudge/training';
import {
  dpoTask,
  fullTrainable,
  judgeExample,
  jsftTask,
  preparePairs,
  preparePrompts,
  prepareSft,
  selfTrainingTask,
  sftTask,
} from '@selfjudge/training/internal';
import { SHIPPED_SIZE, trainWorldBase, WORLD_BASE } from './base.js';
import { worldText } from './measure.js';
import { makePairs } from './pairs.js';
import { drawPrompts, splitPrompts, type WorldPrompt, type WorldSplits } from './prompts.js';
import { worldTemplate } from './templates.js';
import { VerdictAccuracy } from './verdictAccuracy.js';
import { writeWorldTokenizer } from './vocabulary.js';
import { saveTemplate } from '../models/judgeTemplate.js';
import { saveTrainingData } from '../models/trainingData.js';
import {
  dpoSettings,
  jsftSettings,
  MAX_LENGTH,
  MAX_NEW_TOKENS,
  OFFLINE_MAX_KL,
  selfTrainingSettings,
  sftSettings,
  STREAM,
  type WorldOptions,
} from './settings.js';
import { runPhase, type Phase, type PhaseHooks, type Trained } from './phase.js';

export type Relabel = (pairs: readonly PreferencePair[]) => readonly PreferencePair[];

const DEV_PAIRS = 200;

/** What of JSFT is otherwise than by default. */
export interface JsftChange {
  /** Of its folder. */
  name?: string;
  /** Changes the labels of all pairs, those of dev too, before anything sees them. */
  relabel?: Relabel;
  /** Whose better answers are demonstrated, where it is not the labelled pairs'. */
  demonstrated?: readonly PreferencePair[];
  settings?: Partial<JsftOptions>;
}

/** What of self-training is otherwise than by default. */
export interface SelfTrainingChange {
  name?: string;
  judge?: Judge;
  settings?: Partial<SelfTrainingOptions>;
  /** Sees the policy wherever the judge is asked about it; what it measures is logged. */
  observe?(policy: Model, step: number): Promise<Metrics>;
}

/** An answer as the gold rules read it, and as it was sampled. */
export interface WorldAnswer {
  text: string;
  tokens: number[];
  /** Sum over its tokens, untempered. */
  logp: number;
}

/** The small world under one seed: its splits, its noisy pairs, and the ways to train in it. */
export class WorldTraining {
  readonly splits: WorldSplits;
  readonly pairs: PreferencePair[];

  private constructor(
    readonly options: WorldOptions,
    readonly hooks: PhaseHooks,
    readonly device: Device,
    readonly tokenizer: Tokenizer,
    readonly template: JudgeTemplate,
  ) {
    const { pairs: count, labelNoise: noise, sharedNoise, seed } = options;
    this.splits = splitPrompts(seed);
    this.pairs = makePairs(this.splits.labelled, {
      count,
      noise,
      sharedNoise,
      writers: options,
      seed: seed * 10 + STREAM.pairs,
    });
  }

  static async open(options: WorldOptions, hooks: PhaseHooks): Promise<WorldTraining> {
    const tokenizer = await writeWorldTokenizer(join(options.outputDir, 'tokenizer'));
    return new WorldTraining(
      options,
      hooks,
      Device.open(options.device),
      tokenizer,
      worldTemplate(options.judgeTemplate),
    );
  }

  /** The model as judge. */
  judge(model: Model): TokenJudge {
    return new TokenJudge(model.view(), this.tokenizer, this.template);
  }

  /** What stands in place of a pretrained model, trained before; that of another size is trained once, for all seeds beside this one. */
  async base(): Promise<Model> {
    const { size, outputDir } = this.options;
    if (size === SHIPPED_SIZE) return this.load(WORLD_BASE);
    return (await trainWorldBase(dirname(outputDir), { ...this, size }, this.hooks)).model;
  }

  /** Demonstrations alone: the better answers of the labelled pairs. */
  sft(base: Model): Promise<Trained> {
    const settings = sftSettings(this.options);
    return this.phase('sft', settings, async () => {
      const model = base.clone();
      return {
        model,
        task: sftTask(this.saving(fullTrainable(model)), this.demonstrations(this.pairs), settings),
      };
    });
  }

  /** Demonstrations and verdicts with label masks; the step of the best verdicts on noisy dev pairs is kept. */
  jsft(
    base: Model,
    { name = 'jsft', relabel = (pairs) => pairs, demonstrated, settings: changed }: JsftChange = {},
  ): Promise<Trained> {
    const { jsftSteps } = this.options;
    const settings = { ...jsftSettings(this.options), ...changed };
    return this.phase(name, settings, async () => {
      const model = base.clone();
      const trainable = this.saving(fullTrainable(model));
      const pairs = relabel(this.pairs);
      const sft = settings.sftWeight === 0 ? [] : this.demonstrations(demonstrated ?? pairs);
      const dev = relabel(this.devPairs());
      const task = jsftTask(trainable, { sft, judge: this.judgeExamples(pairs) }, settings);
      const every = Math.max(1, Math.floor(jsftSteps / 8));
      const selection = new VerdictAccuracy(trainable.policy, this.judgeExamples(dev), every);
      return { model, task: { ...task, selection } };
    });
  }

  /** On-policy training from JSFT by its own judgments, which also choose the step. */
  selfTrain(
    jsft: Model,
    { name = 'self-train', judge = this.judge(jsft), settings: changed, observe }: SelfTrainingChange = {},
  ): Promise<Trained> {
    const { tokenizer } = this;
    const settings = { ...selfTrainingSettings(this.options), ...changed };
    return this.phase(name, settings, async () => {
      const { model, trainable } = this.startFrom(jsft);
      const run = { trainable, judge, tokenizer, options: settings };
      const task = selfTrainingTask(run, { prompts: this.ownPrompts(settings), dev: this.devPrompts() });
      return { model, task: observe === undefined ? task : observed(task, (step) => observe(model, step)) };
    });
  }

  /** Those that nobody labelled, as many as a run of these settings asks. */
  ownPrompts({
    seed,
    maxSteps,
    trainBatchSize,
  }: Pick<SelfTrainingOptions, 'seed' | 'maxSteps' | 'trainBatchSize'>): TokenizedPrompt[] {
    const random = new Random(seed, STREAM.prompts);
    return this.tokenized(drawPrompts(this.splits.self, random, maxSteps * trainBatchSize));
  }

  /** Offline DPO on the overall labels of the pairs; the same signal as in self-training chooses the step. */
  dpo(
    jsft: Model,
    pairs: readonly PreferencePair[],
    name = 'dpo',
    changed: Partial<DpoOptions> = {},
  ): Promise<Trained> {
    const { tokenizer } = this;
    const shared = { ...selfTrainingSettings(this.options), maxKl: OFFLINE_MAX_KL };
    const settings = { ...dpoSettings(this.options), ...changed };
    return this.phase(name, settings, async () => {
      const { model, trainable } = this.startFrom(jsft);
      const { examples } = preparePairs(tokenizer, [...pairs], { maxLength: MAX_LENGTH });
      const task = await dpoTask(trainable, examples, settings);
      const { optimizer } = task;
      const signal = { trainable, judge: this.judge(jsft), tokenizer, optimizer, options: shared };
      return { model, task: { ...task, selection: new JudgeSignal(signal, this.devPrompts()) } };
    });
  }

  /** `count` answers a prompt, sampled as in training. */
  async answers(
    model: Model,
    prompts: readonly WorldPrompt[],
    count: number,
    seed: number,
  ): Promise<WorldAnswer[][]> {
    const { tokenizer, hooks } = this;
    const ids = prompts.map(({ text }) => promptIds(tokenizer, text));
    const answers = await sampleAnswers(model.view(), tokenizer, ids, {
      count,
      maxNewTokens: MAX_NEW_TOKENS,
      topP: 0.9,
      seed,
      maxBatch: 128,
      eos: tokenizer.eos,
      signal: hooks.signal,
    });
    assertFinished(answers);
    return answers.map((of) =>
      of.map(({ text, tokens, logprobs }) => ({
        text: worldText(text),
        tokens,
        logp: logprobs.reduce((sum, x) => sum + x, 0),
      })),
    );
  }

  /** @param build what there is to train, called where the folder does not have it */
  phase(name: string, settings: object, build: Phase['build']): Promise<Trained> {
    return runPhase({ ...this.folder(name, settings), build, load: (path) => this.load(path) }, this.hooks);
  }

  /** Where a phase has its folder, and what is written there. */
  folder(name: string, settings: object): Pick<Phase, 'name' | 'parent' | 'settings'> {
    return { name, parent: this.options.outputDir, settings };
  }

  private load(path: string): Promise<Model> {
    return Model.load(path, { device: this.device, dtype: 'float32' });
  }

  private demonstrations(pairs: readonly PreferencePair[]) {
    return prepareSft(this.tokenizer, pairs.map(sftExampleOf), { maxLength: MAX_LENGTH }).examples;
  }

  private judgeExamples(pairs: readonly PreferencePair[]) {
    const { template, tokenizer } = this;
    return pairs.map((pair) => judgeExample(judgeSequences(pair, template, tokenizer), pair.id));
  }

  /** A policy that starts as JSFT and is held to it. */
  startFrom(jsft: Model): { model: Model; trainable: PreferenceTrainable } {
    const model = jsft.clone();
    return { model, trainable: this.saving({ ...fullTrainable(model), reference: jsft.view() }) };
  }

  /** The template is saved beside the weights that learnt it. */
  saving<T extends Trainable>(trainable: T): T {
    const save = async (dir: string) => {
      await trainable.save(dir);
      saveTemplate(this.template, dir);
      saveTrainingData({ promptFormat: 'chat' }, dir);
    };
    return { ...trainable, save };
  }

  private tokenized(prompts: readonly WorldPrompt[]): TokenizedPrompt[] {
    const rows = prompts.map(({ text, key }) => ({ id: key, prompt: text }));
    return preparePrompts(this.tokenizer, rows, { maxPromptLength: MAX_LENGTH - MAX_NEW_TOKENS }).examples;
  }

  /** Labelled as noisily as those that are trained on. */
  devPairs(): PreferencePair[] {
    const { labelNoise: noise, sharedNoise, seed } = this.options;
    const own = { count: DEV_PAIRS, noise, sharedNoise, writers: this.options };
    return makePairs(this.splits.dev, { ...own, seed: seed * 10 + STREAM.devPairs });
  }

  devPrompts(): TokenizedPrompt[] {
    return this.tokenized(this.splits.dev);
  }
}

/** The task, of whose policies more is measured where its signal looks at them. */
function observed(task: TrainingTask, measure: (step: number) => Promise<Metrics>): TrainingTask {
  const { selection } = task;
  if (selection === undefined) return task;
  const evaluate: Selection['evaluate'] = async (at) => {
    const report = await selection.evaluate(at);
    return { ...report, metrics: { ...report.metrics, ...(await measure(at.step)) } };
  };
  return { ...task, selection: { ...selection, evaluate } };
}
