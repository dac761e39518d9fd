// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  callback,
  checked,
  checkedAsync,
  having,
  limit,
  list,
  object,
  optional,
  options,
  tuple,
} from '@selfjudge/base/checks';
import { optionsOfFields } from '@selfjudge/base/fields';
import { view } from '@selfjudge/engine/checks';
import { isJudge } from '@selfjudge/judging/checks';
import { tokenId, tokenizer } from '@selfjudge/text/checks';
import * as is from '../checks.js';
import * as contests from '../pairs/contest.js';
import * as dpo from '../methods/dpo.js';
import * as judging from '../metrics/judgeMetrics.js';
import * as divergence from '../metrics/kl.js';
import * as losses from '../losses/preferenceLoss.js';
import type { PreferenceOptions } from '../options/preference.js';
import * as updates from '../losses/preferenceUpdate.js';
import * as tokenPairs from '../pairs/tokenPair.js';
import * as selfTraining from '../methods/selfTraining.js';
import * as runs from '../methods/selfTrainingRun.js';

const pairs = list(is.isTokenPair);
const prompts = list(is.isTokenizedPrompt);
const settled = list((value, what, where) => {
  is.isContest(value, what, where);
  is.isSettled(value, what, where);
});
const signal = optional(abortSignal);

export const preferenceLoss = checked(
  'preferenceLoss',
  { pairs: list(is.isScoredPair), options: is.preferenceOptions },
  (pairs: readonly losses.ScoredPair[], options: PreferenceOptions) => losses.preferenceLoss(pairs, options),
);

export const sampling = checked('sampling', { options: is.samplingOptions, tokenizer }, contests.sampling);
export const decide = checkedAsync(
  'decide',
  {
    prompts,
    answers: { from: ({ length }) => list(tuple(is.isSampledAnswer, is.isSampledAnswer), length) },
    judge: isJudge,
    keeping: is.keeping,
    compare: optional(options({ tokenBudget: optional(limit), signal })),
  },
  contests.decide,
);
export const preferences = checked('preferences', { contests: settled }, contests.preferences);
export const judgeMetrics = checked('judgeMetrics', { contests: settled }, judging.judgeMetrics);
export const completionMetrics = checked(
  'completionMetrics',
  { contests: list(is.isContest) },
  judging.completionMetrics,
);
export const scoreContests = checkedAsync(
  'scoreContests',
  { contests: list(is.isSequencedPair), reference: view, tokenBudget: limit, signal },
  divergence.scoreContests,
);
export const klEstimate = checked('klEstimate', { contests: list(is.isSampledPair) }, divergence.klEstimate);

export const answerSequence = checked(
  'answerSequence',
  { prompt: list(tokenId), answer: list(tokenId, 1) },
  tokenPairs.answerSequence,
);
export const precomputeReference = checkedAsync(
  'precomputeReference',
  { pairs, reference: view, tokenBudget: limit, signal },
  updates.precomputeReference,
);
export const preferenceBackward = checkedAsync(
  'preferenceBackward',
  {
    pairs,
    views: object({ policy: view, reference: optional(view) }),
    options: is.preferenceOptions,
    tokenBudget: limit,
    at: optional(object({ signal })),
  },
  updates.preferenceBackward,
);
export const dpoTask = checkedAsync(
  'dpoTask',
  {
    trainable: is.isTrainable,
    pairs: list(is.isTokenPair, 1),
    options: optionsOfFields(dpo.dpo.fields, dpo.dpoFaults),
    kept: optional(having('a KeptSums', { read: callback, write: callback })),
    heldOut: optional(pairs),
  },
  dpo.dpoTask,
);
export const dpoStep = checkedAsync(
  'dpoStep',
  {
    pairs,
    run: object({
      trainable: is.isTrainable,
      optimizer: is.isOptimizer,
      options: optionsOfFields(dpo.dpo.fields, dpo.dpoFaults),
    }),
    at: is.isStep,
  },
  dpo.dpoStep,
);
export const selfTrainingTask = checked(
  'selfTrainingTask',
  {
    run: runs.isSelfTrainingStart,
    data: object({
      prompts: list(is.isTokenizedPrompt, 1),
      dev: optional(prompts),
      outside: optional(isJudge),
    }),
    onContests: optional(callback),
  },
  selfTraining.selfTrainingTask,
);
export const selfTrainingStep = checkedAsync(
  'selfTrainingStep',
  { prompts, run: runs.isSelfTraining, at: is.isStep },
  selfTraining.selfTrainingStep,
);
