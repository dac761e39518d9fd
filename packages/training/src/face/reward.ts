// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  checked,
  checkedAsync,
  float32s,
  having,
  limit,
  list,
  measured,
  number,
  object,
  optional,
  options,
  text,
  whole,
} from '@selfjudge/base/checks';
import { optionsOfFields } from '@selfjudge/base/fields';
import { dropoutKey, model } from '@selfjudge/engine/checks';
import { prompt, tokenizer } from '@selfjudge/text/checks';
import * as is from '../checks.js';
import * as losses from '../losses/bradleyTerry.js';
import * as updates from '../losses/rewardUpdate.js';
import * as reward from '../methods/reward.js';
import * as trainables from '../optimizer/rewardTrainable.js';

const pairs = list(is.isRewardPair, 1);
const rewardOptions = optionsOfFields(reward.reward.fields);

export const bradleyTerry = checked(
  'bradleyTerry',
  { chosen: measured, rejected: measured, p: is.bradleyTerryParameters },
  losses.bradleyTerry,
);
export const rewardBackward = checkedAsync(
  'rewardBackward',
  {
    model: is.isRewardModel,
    pairs,
    options: is.rewardBackwardOptions,
    at: optional(object({ dropout: optional(dropoutKey), signal: optional(abortSignal) })),
  },
  updates.rewardBackward,
);
export const prepareReward = checked(
  'prepareReward',
  {
    tokenizer,
    rows: list(object({ id: text, prompt, chosen: text, rejected: text, margin: optional(number()) })),
    options: options({ maxLength: limit }),
  },
  reward.prepareReward,
);
export const rewardTask = checked(
  'rewardTask',
  {
    trainable: is.isRewardTrainable,
    pairs,
    options: rewardOptions,
    heldOut: optional(list(is.isRewardPair)),
  },
  reward.rewardTask,
);
export const rewardStep = checkedAsync(
  'rewardStep',
  {
    pairs,
    run: object({
      trainable: is.isRewardTrainable,
      optimizer: is.isOptimizer,
      options: rewardOptions,
    }),
    at: is.isStep,
  },
  reward.rewardStep,
);
export const rewardTrainable = checked(
  'rewardTrainable',
  {
    model,
    options: options({
      seed: whole(0),
      lora: optional(object({})), // Adapter.init's to check
      start: optional(having('an Adapter', { config: object({}) })),
      head: optional(float32s), // ScoreHead.of's to check
      padTokenId: optional(whole(0)),
    }),
  },
  trainables.rewardTrainable,
);
