// What the functions of this package take, for callers without TypeScript.
import {
  abortSignal,
  callback,
  float32s,
  having,
  kind,
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
import { checksOf, optionsOfFields } from '@selfjudge/base/fields';
import { prompt, tokenId } from '@selfjudge/text/checks';
import { sequence, view } from '@selfjudge/engine/checks';
import { lossFaults } from './losses/lossFaults.js';
import { loopFields, optimizerFields, scheduleFields } from './options/loop.js';
import { preferenceFields } from './options/preference.js';
import { rewardFields } from './options/reward.js';
import { promptFields, samplingFields } from './options/sampling.js';
import { jsftLossFields } from './options/supervised.js';

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
const trainable = {
  policy: view,
  reference: optional(view),
  parameters: isParameterSets,
  save: callback,
  dispose: callback,
};
export const isTrainable = having('a Trainable', trainable);
export const isRewardModel = having('a RewardModel', { sequence: callback, rewards: callback });
export const isRewardTrainable = having('a RewardTrainable', { ...trainable, reward: isRewardModel });
export const isPreferenceTrainable = having('a PreferenceTrainable', { ...trainable, reference: view });
export const isOptimizer = having('an AdamW', { step: callback, state: callback, load: callback });

const isAnswer = object({
  tokens: list(tokenId, 1),
  reference: optional(measured),
  logprobs: optional(float32s),
});
const isScoredAnswer = object({ logp: measured, reference: optional(measured), length: whole(1) });
export const isScoredPair = object({ chosen: isScoredAnswer, rejected: isScoredAnswer });
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
const sequenced = object({ sequence });
/** The two answers of a contest, as they go into trees. */
export const isSequencedPair = object({ a: sequenced, b: sequenced });
export const isContest = object({ prompt: isTokenizedPrompt, a: sampled, b: sampled });
export const isSettled = object({ fate: oneOf('pair', 'equal', 'cut', 'tie', 'null') });
export const isSupervised = object({
  id: text,
  sequences: list(sequence),
  kinds: list(list(oneOf('sft', 'verdict', 'rationale'))),
});
const stepFrom = (first: number) =>
  options({ step: whole(first), learningRate: number({ min: 0 }), signal: optional(abortSignal) });
export const isStep = stepFrom(1);
/** A step, or 0 for the start. */
export const isStepOrStart = stepFrom(0);

export const optimizerOptions = optionsOfFields(optimizerFields);
const { lrNumCycles, lrPower, ...always } = checksOf(scheduleFields);
export const scheduleOptions = options({
  ...always,
  lrNumCycles: optional(lrNumCycles),
  lrPower: optional(lrPower),
});
export const jsftLossOptions = optionsOfFields(jsftLossFields);
export const preferenceOptions = optionsOfFields(preferenceFields, lossFaults);
const { seed } = checksOf(loopFields);
export const samplingOptions = options({ ...checksOf(samplingFields), seed });
const { centerRewardsCoefficient } = checksOf(rewardFields);
const { tokenBudget } = checksOf(loopFields);
export const bradleyTerryParameters = options({ centerRewardsCoefficient, margin: number() });
export const rewardBackwardOptions = options({ centerRewardsCoefficient, tokenBudget });
export const { missingEos } = checksOf(promptFields);
