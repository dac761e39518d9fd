import type { Tokenizer } from '@selfjudge/text';
import type { Judge } from '@selfjudge/judging';
import type { AdamW } from '../optimizer/adamw.js';
import { options as optionsOf } from '@selfjudge/base/checks';
import { isJudge } from '@selfjudge/judging/checks';
import { tokenizer } from '@selfjudge/text/checks';
import { isOptimizer, isPreferenceTrainable } from '../checks.js';
import {
  checksOf,
  choiceField,
  numberField,
  optionsOfFields,
  withDefaults,
  type OptionsOf,
} from '@selfjudge/base/fields';
import { lossFaults } from '../losses/lossFaults.js';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { signalFields } from '../options/judgeSignal.js';
import { promptFields, samplingFields } from '../options/sampling.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';

export const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...preferenceFields,
  ...promptFields,
  /** Whose answers are judged; see `sampledPairs`. */
  sampling: choiceField(
    'on_policy',
    ['on_policy', 'off_policy', 'off_policy_once'],
    'who answers: the policy as it is, its frozen start, or the start once a prompt, whose pair every epoch sees again',
  ),
  /** See `regularised` of @selfjudge/judging; the reference is the frozen start. */
  referenceWeight: numberField(
    0,
    { min: 0 },
    'how much the log-probability of an answer under the frozen start counts beside the log-odds of the judge; 0 for not at all',
  ),
  ...signalFields,
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

const asked = {
  ...samplingFields,
  ...signalFields,
  missingEos: promptFields.missingEos,
  ties: promptFields.ties,
  referenceWeight: fields.referenceWeight,
  seed: loopFields.seed,
  tokenBudget: loopFields.tokenBudget,
};

/** What choosing by a judge works with: how answers are drawn, and which pairs count. */
export interface SignalRun extends Pick<SelfTraining, 'trainable' | 'judge' | 'tokenizer'> {
  options: OptionsOf<typeof asked>;
}
export const isSignalRun = optionsOf({ ...start, options: optionsOf(checksOf(asked)) });
