import { Adapter } from '@selfjudge/engine';
import {
  arg,
  entry,
  type Entry,
  except,
  fields,
  given,
  junk,
  noneOf,
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
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import * as training from '../index.js';
import { preferenceFields } from '../options/preference.js';
import { hashJudge, tinyLora } from './tiny.js';
import * as v from './wrongValues.js';

const { JudgeSignal } = training;
type Any = never;

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
const dropout = arg(
  { seed: 1, step: 1 },
  given(notObjectOf({ seed: 1, step: 1 }, { seed: notWhole(0), step: notWhole(0) })),
);
const losses = v.some('lossNormalization', 'sftWeight', 'judgeWeight', 'rationaleWeight');
const preference = v.some(...Object.keys(preferenceFields));
const selfTraining = {
  trainable,
  judge: arg(hashJudge, v.notJudge),
  tokenizer,
  options: v.options.selfTraining,
};
const asked = v.some(
  'maxNewTokens',
  'temperature',
  'topP',
  'topK',
  'evalSteps',
  'selectBy',
  'maxKl',
  'missingEos',
  'ties',
  'referenceWeight',
  'seed',
  'tokenBudget',
);
const signalRun = () => rightsOf({ ...selfTraining, options: asked });
const rightsOf = (of: Record<string, { right: () => unknown }>) =>
  Object.fromEntries(Object.entries(of).map(([key, { right }]) => [key, right()]));
/** What trains, and what prepares for it. */
export const taskEntries: Record<string, Entry> = {
  preferenceLoss: entry(training.preferenceLoss, {
    pairs: arg([v.scored], notListOf(v.scored, v.notScored)),
    options: preference,
  }),
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
  'new JudgeSignal': entry((...values: Any[]) => new JudgeSignal(...(values as unknown as [Any, Any])), {
    run: fields({ ...selfTraining, options: asked }, notObject),
    prompts: arg([v.prompt], fc.oneof(notListOf(v.prompt, v.notTokenized), fc.constant([]))),
    outside: arg(hashJudge, given(v.notJudge)),
  }),
  'JudgeSignal#evaluate': entry(
    (step: training.StepContext) => new JudgeSignal(signalRun() as Any, [v.prompt]).evaluate(step),
    {
      at: fields({ step: arg(0, notWhole(0)), learningRate: arg(1e-3, notNumber(0)), signal }, notObject),
    },
  ),
  sampling: entry(training.sampling, {
    options: v.some('maxNewTokens', 'temperature', 'topP', 'topK', 'seed'),
    tokenizer,
  }),
  decide: entry(training.decide, {
    prompts,
    answers: arg([[...v.answers]], v.notAnswers),
    judge: arg(hashJudge, v.notJudge),
    keeping: fields(
      {
        missingEos: arg('keep', noneOf('keep', 'drop', 'lose')),
        ties: arg('drop', noneOf('drop', 'second')),
      },
      notObject,
    ),
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
  }),
  judgeMetrics: entry(training.judgeMetrics, { contests }),
  completionMetrics: entry(training.completionMetrics, { contests }),
  scoreContests: entry(training.scoreContests, {
    contests: arg([v.contest], notListOf(v.contest, v.notSequencedPair)),
    reference: view,
    tokenBudget,
  }),
  klEstimate: entry(training.klEstimate, {
    contests: arg([v.contest], notListOf(v.contest, notObject)),
  }),
  dpoTask: entry(training.dpoTask, {
    trainable,
    pairs: arg([v.pair], fc.oneof(notListOf(v.pair, v.notPair), fc.constant([]))),
    options: v.options.dpo,
    kept: arg({ read: () => undefined, write: () => {} }, given(junk)),
    heldOut: arg([v.pair], given(notListOf(v.pair, v.notPair))),
  }),
  dpoStep: entry(training.dpoStep, {
    pairs,
    run: fields({ trainable, optimizer, options: v.options.dpo }, notObject),
    at,
  }),
  sftTask: entry(training.sftTask, {
    trainable,
    examples: supervised,
    options: v.options.sft,
    heldOut: arg([v.examples.sft[0]], given(notListOf(v.examples.sft[0], v.notSupervised))),
  }),
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
        sequences: arg([v.sequence], notListOf(v.sequence, v.notSequence)),
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
    views: fields({ policy: view, reference: arg(v.view, given(v.notView)) }, notObject),
    options: preference,
    tokenBudget,
    at: fields({ signal }, notObject),
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
  fullPreferenceTrainable: entry((of: Any) => training.fullPreferenceTrainable(of), {
    model: arg(() => v.model.clone(), v.notModel),
  }),
};
