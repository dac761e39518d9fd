// What the functions of this package take, for callers without TypeScript.
import {
  abortSignal,
  callback,
  flag,
  float32s,
  having,
  kind,
  limit,
  list,
  measured,
  number,
  numbers,
  object,
  oneOf,
  optional,
  options,
  text,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { prompt, tokenizer, tokenId } from '@selfjudge/text/checks';
import { sequence, view } from '@selfjudge/engine/checks';
import { LR_SCHEDULERS } from './options/schedule.js';

const share = number({ min: 0, max: 1 });
/** Of AdamW: at 1 the mean would never move, and its bias correction divides by zero. */
const decay = number({ min: 0, below: 1 });
const tokens = numbers(tokenId);

export const isParameterSet = having('a ParameterSet', {
  value: object({}),
  grad: object({}),
  load: callback,
});
/** Names of sets are names in a checkpoint's file; `task` is what a task's own state has there. */
const SET_NAME = /^(?!task$)[a-z][A-Za-z0-9]*$/;
export const isParameterSets: Check = (value, what, where) => {
  object({})(value, what, where);
  const sets = Object.entries(value as object);
  const names = kind('at least one set of parameters', () => sets.length > 0);
  names(value, what, where);
  const isName = kind("letters and digits, not 'task'", (name) => SET_NAME.test(name as string));
  for (const [name, set] of sets) {
    isName(name, `the name of a set in ${what}`, where);
    isParameterSet(set, `${what}.${name}`, where);
  }
};
const trainable = { policy: view, parameters: isParameterSets, save: callback, dispose: callback };
export const isTrainable = having('a Trainable', trainable);
export const isRewardModel = having('a RewardModel', { sequence: callback, rewards: callback });
export const isRewardTrainable = having('a RewardTrainable', { ...trainable, reward: isRewardModel });
export const isPreferenceTrainable = having('a PreferenceTrainable', { ...trainable, reference: view });
export const isOptimizer = having('an AdamW', { step: callback, state: callback, load: callback });
/** Whoever compares answers. */
export const isJudge = having('an object with a method compare', { compare: callback });

const isAnswer = object({
  tokens: list(tokenId, 1),
  reference: optional(measured),
  logprobs: optional(float32s),
});
export const isTokenPair = object({ id: text, prompt: tokens, chosen: isAnswer, rejected: isAnswer });
export const isRewardPair = object({
  id: text,
  chosen: list(tokenId, 1),
  rejected: list(tokenId, 1),
  margin: optional(number()),
});
export const isTokenizedPrompt = object({ id: text, text: prompt, tokens });
export const isSampledAnswer = object({ tokens, logprobs: float32s, finish: oneOf('eos', 'length'), text });
const sampled = object({ tokens, logprobs: float32s });
/** The two answers of a contest, as they were sampled. */
export const isSampledPair = object({ a: sampled, b: sampled });
export const isContest = object({ prompt: isTokenizedPrompt, a: sampled, b: sampled });
export const isSettled = object({ fate: oneOf('pair', 'equal', 'cut', 'tie', 'null') });
export const isSupervised = object({
  id: text,
  sequences: list(sequence),
  kinds: list(list(oneOf('sft', 'verdict', 'rationale'))),
});
export const sums = (count: number): Check => list(pairOfNumbers, count);
const pairOfNumbers: Check = (value, what, where) => list(measured, 2)(value, what, where);
const stepFrom = (first: number) =>
  options({ step: whole(first), learningRate: number({ min: 0 }), signal: optional(abortSignal) });
export const isStep = stepFrom(1);
/** A step, or 0 for the start. */
export const isStepOrStart = stepFrom(0);

const optimizer = {
  adamBeta1: decay,
  adamBeta2: decay,
  adamEpsilon: number({ min: 0, max: 1 }),
  weightDecay: number({ min: 0 }),
  maxGradNorm: number({ min: 0 }),
};
const scheduleFields = {
  learningRate: number({ min: 0 }),
  lrSchedulerType: oneOf(...LR_SCHEDULERS),
  warmupRatio: share,
  warmupSteps: whole(0),
  minLrRatio: share,
  lrNumCycles: optional(number({ min: 0 })),
  lrPower: optional(number({ above: 0 })),
};
const loop = {
  ...optimizer,
  ...scheduleFields,
  trainBatchSize: whole(1),
  numTrainEpochs: number({ min: 0 }),
  maxSteps: whole(0),
  seed: whole(0),
  tokenBudget: limit,
};
const jsftLoss = {
  lossNormalization: oneOf('task', 'token'),
  judgeWeight: number({ min: 0 }),
  rationaleWeight: number({ min: 0 }),
};
const preference = {
  lossType: oneOf('sigmoid', 'hinge', 'ipo'),
  beta: number({ above: 0 }),
  labelSmoothing: number({ min: 0, below: 0.5 }),
  logpReduction: oneOf('sum', 'mean'),
};
const samplingFields = {
  maxNewTokens: whole(1),
  temperature: number({ min: 0 }),
  topP: number({ above: 0, max: 1 }),
  topK: whole(0),
  seed: whole(0),
};

export const optimizerOptions = options(optimizer);
export const scheduleOptions = options(scheduleFields);
export const sftOptions = options(loop);
export const jsftLossOptions = options(jsftLoss);
export const jsftOptions = options({ ...loop, ...jsftLoss, judgeBatchSize: whole(1) });
export const preferenceOptions = options(preference);
export const dpoOptions = options({ ...loop, ...preference, precomputeRefLogProbs: flag });
const centre = { centerRewardsCoefficient: number({ min: 0 }) };
export const bradleyTerryParameters = options({ ...centre, margin: number() });
export const rewardBackwardOptions = options({ ...centre, tokenBudget: limit });
export const rewardOptions = options({ ...loop, ...centre, disableDropout: flag });
export const samplingOptions = options(samplingFields);
export const missingEos = oneOf('drop', 'keep', 'lose');
export const selfTrainingOptions = options({
  ...loop,
  ...preference,
  ...samplingFields,
  missingEos,
  evalSteps: whole(0),
  maxKl: number({ above: 0 }),
});

const selfTraining = {
  trainable: isPreferenceTrainable,
  judge: isJudge,
  tokenizer,
  options: selfTrainingOptions,
};
export const isSelfTrainingStart = options(selfTraining);
export const isSelfTraining = options({ ...selfTraining, optimizer: isOptimizer });
