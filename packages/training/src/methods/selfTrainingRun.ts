import type { Tokenizer } from '@selfjudge/text';
import type { Judge } from '@selfjudge/judging';
import type { AdamW } from '../optimizer/adamw.js';
import { options as optionsOf } from '@selfjudge/base/checks';
import { isJudge } from '@selfjudge/judging/checks';
import { tokenizer } from '@selfjudge/text/checks';
import { isOptimizer, isPreferenceTrainable } from '../checks.js';
import {
  numberField,
  optionsOfFields,
  wholeField,
  withDefaults,
  type OptionsOf,
} from '@selfjudge/base/fields';
import { lossFaults } from '../losses/lossFaults.js';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { promptFields } from '../options/sampling.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';

export const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...preferenceFields,
  ...promptFields,
  /** Ask the judge about the dev prompts every so many steps, and keep the best policy by its answer; 0 for never. */
  evalSteps: wholeField(
    0,
    0,
    'ask the judge it trains on about dev prompts every so many steps, and keep the step it likes best; 0 for never',
  ),
  /** Nats a sequence: a policy farther than this from the start is no candidate, and training stops. */
  maxKl: numberField(10, { above: 0 }, 'nats a sequence; farther from the start training stops'),
};
export type SelfTrainingOptions = OptionsOf<typeof fields>;

/** What the steps of self-training work with, and the signal that chooses among their policies. */
export interface SelfTraining {
  trainable: PreferenceTrainable;
  /** The frozen start as judge. */
  judge: Judge;
  tokenizer: Tokenizer;
  optimizer: AdamW;
  options: SelfTrainingOptions;
}

const start = {
  trainable: isPreferenceTrainable,
  judge: isJudge,
  tokenizer,
  options: optionsOfFields(fields, lossFaults),
};
export const isSelfTrainingStart = optionsOf(start);
export const isSelfTraining = optionsOf({ ...start, optimizer: isOptimizer });
