// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  checked,
  checkedAsync,
  flag,
  limit,
  list,
  measured,
  number,
  object,
  oneOf,
  optional,
  options,
  text,
  tuple,
  whole,
} from '@selfjudge/base/checks';
import { scorer } from '@selfjudge/engine/checks';
import { isJudge, isVerdict, isWinner } from '@selfjudge/judging/checks';
import { prompt, tokenizer } from '@selfjudge/text/checks';
import * as estimates from './estimate.js';
import * as calibration from './fitCalibration.js';
import * as rewards from './implicitReward.js';
import * as agreement from './judgeAgreement.js';
import * as control from './lengthControl.js';
import * as winning from './winRate.js';

const notNegative = number({ min: 0 });
const pairs = list(object({ prompt, chosen: text, rejected: text }));
/** Lengths of two answers, in any one unit, of each of these. */
const lengthsOf = (of: readonly unknown[]) => list(tuple(notNegative, notNegative), of.length);

export const wilson = checked('wilson', { successes: notNegative, n: notNegative }, estimates.wilson);
export const bootstrapMean = checked(
  'bootstrapMean',
  {
    items: list(object({ group: text, value: measured })),
    options: optional(options({ resamples: optional(whole(1)), seed: optional(whole(0)) })),
  },
  estimates.bootstrapMean,
);
export const fitCalibration = checked(
  'fitCalibration',
  {
    known: list(
      object({
        verdict: isVerdict,
        label: optional(oneOf('a', 'b', 'tie')),
        lengths: tuple(notNegative, notNegative),
      }),
    ),
    options: optional(options({ byLength: optional(flag) })),
  },
  calibration.fitCalibration,
);
export const implicitReward = checkedAsync(
  'implicitReward',
  {
    policy: scorer,
    reference: scorer,
    tokenizer,
    pairs,
    options: options({
      beta: number({ above: 0 }),
      maxLength: optional(limit),
      tokenBudget: optional(limit),
    }),
  },
  rewards.implicitReward,
);
export const implicitRewardOf = checked(
  'implicitRewardOf',
  { chosen: list(measured), rejected: { from: (chosen) => list(measured, chosen.length) } },
  rewards.implicitRewardOf,
);
export const judgeAgreement = checkedAsync(
  'judgeAgreement',
  { judge: isJudge, pairs },
  agreement.judgeAgreement,
);
export const agreementOf = checked(
  'agreementOf',
  { verdicts: list(isVerdict), lengths: { from: lengthsOf } },
  agreement.agreementOf,
);
export const lengthControlled = checked(
  'lengthControlled',
  {
    outcomes: list(
      object({ points: number({ min: 0, max: 1 }), lengthA: notNegative, lengthB: notNegative }),
    ),
  },
  control.lengthControlled,
);
export const winRate = checkedAsync(
  'winRate',
  { judge: isJudge, prompts: list(prompt), answersA: list(text), answersB: list(text) },
  winning.winRate,
);
export const winRateOf = checked(
  'winRateOf',
  { winners: list(isWinner), lengths: { from: lengthsOf } },
  winning.winRateOf,
);
