// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  callback,
  checked,
  checkedAsync,
  limit,
  list,
  measured,
  number,
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
import * as losses from '../losses/preferenceLosses.js';
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

const ofPair = {
  chosen: measured,
  rejected: measured,
  p: options({ beta: number({ above: 0 }), labelSmoothing: number({ min: 0, below: 0.5 }) }),
};
const checkedLoss = (loss: losses.PreferenceLoss) => checked('preferenceLosses', ofPair, loss);
const { sigmoid, hinge, ipo } = losses.preferenceLosses;
export const preferenceLosses: typeof losses.preferenceLosses = {
  sigmoid: checkedLoss(sigmoid),
  hinge: checkedLoss(hinge),
  ipo: checkedLoss(ipo),
};

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
    views: object({ policy: view, reference: view }),
    options: is.preferenceOptions,
    tokenBudget: limit,
    at: optional(object({ signal })),
  },
  updates.preferenceBackward,
);
export const dpoTask = checkedAsync(
  'dpoTask',
  {
    trainable: is.isPreferenceTrainable,
    pairs: list(is.isTokenPair, 1),
    options: optionsOfFields(dpo.dpo.fields),
  },
  dpo.dpoTask,
);
export const dpoStep = checkedAsync(
  'dpoStep',
  {
    pairs,
    run: object({
      trainable: is.isPreferenceTrainable,
      optimizer: is.isOptimizer,
      options: optionsOfFields(dpo.dpo.fields),
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
