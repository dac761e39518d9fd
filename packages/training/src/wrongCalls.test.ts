import { mkdirSync } from 'node:fs';
import { Adapter } from '@selfjudge/core';
import {
  arg,
  describeWrongCalls,
  entry,
  except,
  fields,
  given,
  junk,
  noneOf,
  notFlag,
  notFunction,
  notLimit,
  notList,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
} from '@selfjudge/core/testing/wrongCalls';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import * as training from './index.js';
import { hashJudge, tinyLora } from './testing/tiny.js';
import * as v from './testing/wrongValues.js';

const { AdamW, Checkpoints, DataOrder, JudgeSignal, RunFolder } = training;
type Any = never;

const run = RunFolder.open(v.at('run'));
afterAll(() => {
  run.close();
  v.removeFiles();
});
const checkpoints = new Checkpoints(v.at('checkpoints'));
const snapshot = { state: { step: 1, numTokens: 1, path: 'x' } };
const saved = await checkpoints.write(v.trainable, v.optimizer, snapshot);
const moments = await v.optimizer.state();
mkdirSync(v.at('weights'));

const notPath = fc.oneof(notText, fc.constantFrom('', '\0'));
const notPlace = fc.oneof(notPath, fc.constant(`${saved}/manifest.json/below`));
const signal = arg(new AbortController().signal, given(junk));
const tokenBudget = arg(64, notLimit);
const trainable = arg(v.trainable, v.notTrainable);
const optimizer = arg(v.optimizer, v.notOptimizer);
const view = arg(v.view, v.notView);
const tokenizer = arg(v.tokenizer, junk);
const model = arg(v.model, v.notModel);
const at = fields({ step: arg(1, notWhole(1)), learningRate: arg(1e-3, notNumber(0)), signal }, notObject);
const pairs = arg([v.pair], notListOf(v.pair, v.notPair));
const supervised = arg([v.examples.sft[0]], notListOf(v.examples.sft[0], v.notSupervised));
const contests = arg([v.contest], notListOf(v.contest, v.notContest));
const prompts = arg([v.prompt], notListOf(v.prompt, v.notTokenized));
const sums = arg([[-1, -2]], v.notSums);
const dropout = arg(
  { seed: 1, step: 1 },
  given(notObjectOf({ seed: 1, step: 1 }, { seed: notWhole(0), step: notWhole(0) })),
);
const losses = v.some('lossNormalization', 'judgeWeight', 'rationaleWeight');
const preference = v.some('lossType', 'beta', 'labelSmoothing', 'logpReduction');
const selfTraining = {
  trainable,
  judge: arg(hashJudge, v.notJudge),
  tokenizer,
  options: v.options.selfTraining,
};
const signalRun = () => ({ ...rightsOf(selfTraining), optimizer: v.optimizer });
const rightsOf = (of: Record<string, { right: () => unknown }>) =>
  Object.fromEntries(Object.entries(of).map(([key, { right }]) => [key, right()]));
const order = new DataOrder({ length: 4, batchSize: 2, epochs: 1, maxSteps: 0, seed: 0 });
const task = {
  trainable,
  optimizer,
  order: arg(order, fc.oneof(junk, fc.constant({ totalSteps: 1 }))),
  schedule: arg(() => () => 1e-3, notFunction),
  step: arg(
    () => () => Promise.resolve({ metrics: {}, tokens: 1, examples: [], skipped: false }),
    notFunction,
  ),
  review: arg(undefined, given(notFunction)),
  selection: arg(undefined, given(junk)),
};
const lossTable = Object.fromEntries(
  Object.entries(training.preferenceLosses).map(([name, loss]) => [
    `preferenceLosses.${name}`,
    entry(loss, {
      chosen: arg(
        1,
        except((x) => typeof x === 'number'),
      ),
      rejected: arg(
        1,
        except((x) => typeof x === 'number'),
      ),
      p: v.some('beta', 'labelSmoothing'),
    }),
  ]),
);
const row = { step: 1, epoch: 1, metrics: { loss: 1 } };
const notJson = fc.oneof(notObject, fc.constant({ a: 1n }));

describeWrongCalls({
  exports: training,
  table: {
    ...lossTable,
    accumulate: entry(training.accumulate, {
      view,
      tree: arg(v.tree, junk),
      gradient: arg(
        new Float32Array(2),
        fc.oneof(
          except((x) => typeof x === 'function'),
          fc.constant(new Float32Array(1)),
        ),
      ),
      dropout,
    }),
    atomicFolder: entry(training.atomicFolder, {
      path: arg(v.at('folder'), notPlace),
      fill: arg(() => () => Promise.resolve(), notFunction),
    }),
    folderFault: entry(training.folderFault, { path: arg(saved, notPath) }),
    'new Checkpoints': entry((path: string) => new Checkpoints(path), { path: arg(v.at('x'), notPath) }),
    'Checkpoints#at': entry((step: number) => checkpoints.at(step), { step: arg(1, notWhole(0)) }),
    'Checkpoints#rotate': entry((keep: number) => checkpoints.rotate(keep), { keep: arg(3, notWhole(0)) }),
    'Checkpoints#write': entry(
      (...values: Any[]) => checkpoints.write(...(values as unknown as [Any, Any, Any])),
      {
        trainable,
        optimizer,
        snapshot: arg(
          snapshot,
          fc.oneof(
            notObjectOf(snapshot, {
              state: notObjectOf(snapshot.state, {
                step: notWhole(0),
                numTokens: notWhole(0),
                path: notText,
              }),
            }),
            given(junk).map((best) => ({ ...snapshot, best })),
          ),
        ),
      },
    ),
    loadCheckpoint: entry(training.loadCheckpoint, {
      path: arg(saved, fc.oneof(notPath, fc.constant(v.at('nothing')))),
      parameters: arg(v.trainable.parameters, v.notSet),
      optimizer,
    }),
    'new AdamW': entry((...values: Any[]) => new AdamW(...(values as unknown as [Any, Any])), {
      parameters: arg(v.trainable.parameters, v.notSet),
      options: v.some('adamBeta1', 'adamBeta2', 'adamEpsilon', 'weightDecay', 'maxGradNorm'),
    }),
    'AdamW#step': entry((rate: number) => v.optimizer.step(rate), { learningRate: arg(0, notNumber(0)) }),
    'AdamW#load': entry((state: training.AdamWState) => v.optimizer.load(state), {
      state: fields(
        {
          m: arg(moments.m, fc.oneof(junk, fc.constant(new Float32Array(1)))),
          v: arg(moments.v, fc.oneof(junk, fc.constant(new Float32Array(1)))),
          step: arg(0, notWhole(0)),
        },
        notObject,
      ),
    }),
    'new DataOrder': entry((options: training.DataOrderOptions) => new DataOrder(options), {
      options: fields(
        {
          length: arg(4, notWhole(1)),
          batchSize: arg(2, notWhole(1)),
          epochs: arg(1, notNumber(0)),
          maxSteps: arg(0, notWhole(0)),
          seed: arg(0, notWhole(0)),
        },
        notObject,
      ),
    }),
    'DataOrder#batch': entry((step: number) => order.batch(step), {
      step: arg(1, notWhole(1, order.totalSteps)),
    }),
    'DataOrder#epoch': entry((step: number) => order.epoch(step), { step: arg(1, notWhole(0)) }),
    'new JudgeSignal': entry((...values: Any[]) => new JudgeSignal(...(values as unknown as [Any, Any])), {
      run: fields({ ...selfTraining, optimizer }, notObject),
      prompts: arg([v.prompt], fc.oneof(notListOf(v.prompt, v.notTokenized), fc.constant([]))),
    }),
    'JudgeSignal#evaluate': entry(
      (step: training.StepContext) =>
        new JudgeSignal(signalRun() as unknown as training.SelfTraining, [v.prompt]).evaluate(step),
      {
        at: fields({ step: arg(0, notWhole(0)), learningRate: arg(1e-3, notNumber(0)), signal }, notObject),
      },
    ),
    'RunFolder.open': entry((path: string) => RunFolder.open(path).abandon(), {
      path: arg(v.at('other'), notPlace),
    }),
    'RunFolder#writeConfig': entry((yaml: string) => run.writeConfig(yaml), { yaml: arg('a: 1', notText) }),
    'RunFolder#writeEnvironment': entry((facts: Any) => run.writeEnvironment(facts), {
      facts: arg({ a: 1 }, notJson),
    }),
    'RunFolder#writeSummary': entry((summary: Any) => run.writeSummary(summary), {
      summary: arg({ a: 1 }, notJson),
    }),
    'RunFolder#appendMetrics': entry((of: Any) => run.appendMetrics(of), {
      row: arg(
        row,
        notObjectOf(row, {
          step: notWhole(0),
          epoch: except((x) => typeof x === 'number'),
          metrics: fc.oneof(
            notObject,
            except((x) => typeof x === 'number').map((loss) => ({ loss })),
          ),
        }),
      ),
    }),
    'RunFolder#trimLogs': entry((step: number) => run.trimLogs(step), { step: arg(1, notWhole(0)) }),
    'RunFolder#writeSamples': entry((name: string, rows: object[]) => run.writeSamples(name, rows), {
      name: arg('a', notPath),
      rows: arg([{ a: 1 }], notListOf({ a: 1 }, notJson)),
    }),
    environment: entry(training.environment, {
      device: arg(v.model.device, junk),
      packageVersion: arg('1', notText),
    }),
    sampling: entry(training.sampling, {
      options: v.some('maxNewTokens', 'temperature', 'topP', 'topK', 'seed'),
      tokenizer,
    }),
    sampleAnswers: entry(training.sampleAnswers, {
      view,
      tokenizer,
      prompts,
      options: fields(
        {
          maxNewTokens: arg(1, notWhole(1, 200)),
          count: arg(1, notWhole(1)),
          eos: arg([1], given(notListOf(1, notWhole(0, 99)))),
          firstSequence: arg(0, notWhole(0)),
        },
        notObject,
      ),
    }),
    decide: entry(training.decide, {
      prompts,
      answers: arg([[...v.answers]], v.notAnswers),
      judge: arg(hashJudge, v.notJudge),
      missingEos: arg('keep', noneOf('keep', 'drop', 'lose')),
      compare: fields({ tokenBudget: arg(64, given(notLimit)), signal }, given(notObject)),
    }),
    preferences: entry(training.preferences, {
      contests: arg(
        [v.contest],
        fc.oneof(
          notListOf(v.contest, v.notContest),
          noneOf('pair', 'equal', 'cut', 'tie', 'null').map((fate) => [{ ...v.contest, fate }]),
        ),
      ),
      referenceSums: sums,
    }),
    judgeMetrics: entry(training.judgeMetrics, { contests }),
    completionMetrics: entry(training.completionMetrics, { contests }),
    scoreContests: entry(training.scoreContests, { contests, reference: view, tokenBudget }),
    klEstimate: entry(training.klEstimate, {
      contests: arg([v.contest], notListOf(v.contest, notObject)),
      referenceSums: sums,
    }),
    dpoTask: entry(training.dpoTask, {
      trainable,
      pairs: arg([v.pair], fc.oneof(notListOf(v.pair, v.notPair), fc.constant([]))),
      options: v.options.dpo,
    }),
    dpoStep: entry(training.dpoStep, {
      pairs,
      run: fields({ trainable, optimizer, options: v.options.dpo }, notObject),
      at,
    }),
    sftTask: entry(training.sftTask, { trainable, examples: supervised, options: v.options.sft }),
    jsftTask: entry(training.jsftTask, {
      trainable,
      data: fields(
        {
          sft: supervised,
          judge: arg([v.examples.judge[0]], notListOf(v.examples.judge[0], v.notSupervised)),
        },
        notObject,
      ),
      options: v.options.jsft,
    }),
    supervisedStep: entry(training.supervisedStep, {
      examples: supervised,
      run: fields({ trainable, optimizer, loss: losses, options: v.options.sft }, notObject),
      at,
    }),
    supervisedBackward: entry(training.supervisedBackward, {
      policy: view,
      examples: supervised,
      options: losses,
      tokenBudget,
      dropout,
      signal,
    }),
    labelWeights: entry(training.labelWeights, { examples: supervised, options: losses }),
    sftExample: entry(training.sftExample, {
      sequence: arg(v.sequence, v.notSequence),
      id: arg('a', notText),
    }),
    judgeExample: entry(training.judgeExample, {
      judged: fields(
        {
          groups: arg([[v.sequence]], notListOf([v.sequence], notListOf(v.sequence, v.notSequence))),
          kinds: arg([['verdict']], notListOf(['verdict'], notList)),
        },
        notObject,
      ),
      id: arg('a', notText),
    }),
    selfTrainingTask: entry(training.selfTrainingTask, {
      run: fields(selfTraining, notObject),
      data: fields({ prompts, dev: arg([v.prompt], given(notListOf(v.prompt, v.notTokenized))) }, notObject),
      onContests: arg(() => () => {}, given(notFunction)),
    }),
    selfTrainingStep: entry(training.selfTrainingStep, {
      prompts,
      run: fields({ ...selfTraining, optimizer }, notObject),
      at,
    }),
    train: entry(training.train, {
      task: fields(task, notObject),
      options: fields(
        {
          folder: arg(undefined, given(junk)),
          saveSteps: arg(0, notWhole(0)),
          saveTotalLimit: arg(0, notWhole(0)),
          resume: arg(false, given(notFlag)),
          signal,
          onStart: arg(() => () => {}, given(notFunction)),
          onLog: arg(() => () => {}, given(notFunction)),
          onWarning: arg(() => () => {}, given(notFunction)),
        },
        notObject,
      ),
    }),
    schedule: entry(training.schedule, {
      options: v.some('learningRate', 'lrSchedulerType', 'warmupRatio', 'warmupSteps', 'minLrRatio'),
      totalSteps: arg(10, notWhole(0)),
    }),
    prepareSft: entry(training.prepareSft, {
      tokenizer,
      rows: arg([], notListOf({ id: 'a', messages: [] }, junk)),
      options: fields(
        { maxLength: arg(9, notLimit), trainOn: arg('all', given(noneOf('all', 'last'))) },
        notObject,
      ),
    }),
    preparePairs: entry(training.preparePairs, {
      tokenizer,
      rows: arg(
        [],
        notObjectOf(
          { id: 'a', prompt: 'a', chosen: 'b', rejected: 'c' },
          { id: notText, prompt: notPrompt, chosen: notText, rejected: notText },
        ).map((one) => [one]),
      ),
      options: fields({ maxLength: arg(9, notLimit) }, notObject),
    }),
    preparePrompts: entry(training.preparePrompts, {
      tokenizer,
      rows: arg(
        [],
        notObjectOf({ id: 'a', prompt: 'a' }, { id: notText, prompt: notPrompt }).map((one) => [one]),
      ),
      options: fields({ maxPromptLength: arg(9, notLimit) }, notObject),
    }),
    answerSequence: entry(training.answerSequence, {
      prompt: arg([1], notListOf(1, notWhole(0))),
      answer: arg([1], fc.oneof(notListOf(1, notWhole(0)), fc.constant([]))),
    }),
    precomputeReference: entry(training.precomputeReference, { pairs, reference: view, tokenBudget }),
    preferenceBackward: entry(training.preferenceBackward, {
      pairs,
      views: fields({ policy: view, reference: view }, notObject),
      options: preference,
      tokenBudget,
      at: fields({ signal }, notObject),
    }),
    scoreSequences: entry(training.scoreSequences, {
      sequences: arg([v.sequence], notListOf(v.sequence, v.notSequence)),
      view,
      tokenBudget,
    }),
    loraTrainable: entry(training.loraTrainable, {
      model,
      lora: arg(
        tinyLora,
        notObjectOf(
          { ...tinyLora },
          { r: notWhole(1), alpha: notNumber(), targetModules: notListOf('q_proj', notText) },
        ),
        '',
      ),
      options: fields(
        { seed: arg(1, notWhole(0)), start: arg(() => Adapter.init(v.model, tinyLora, 1), given(junk)) },
        notObject,
      ),
    }),
    saveWeights: entry(training.saveWeights, { model, dir: arg(v.at('weights'), notPlace) }),
    fullTrainable: entry((of: Any) => training.fullTrainable(of), {
      model: arg(() => v.model.clone(), v.notModel),
    }),
    fullPreferenceTrainable: entry((of: Any) => training.fullPreferenceTrainable(of), {
      model: arg(() => v.model.clone(), v.notModel),
    }),
  },
  without: {
    'takes no argument': [
      'AdamW#dispose',
      'AdamW#state',
      'Checkpoints#steps',
      'RunFolder#abandon',
      'RunFolder#close',
    ],
    'the constructor is private': ['new RunFolder'],
    'private to TypeScript': [
      'AdamW#update',
      'DataOrder#at',
      'JudgeSignal#answers',
      'JudgeSignal#kl',
      'RunFolder#replace',
    ],
  },
  runs: 6,
  atLeast: 1500,
});
