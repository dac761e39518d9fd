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
  wholeField,
  withDefaults,
  type OptionFault,
  type OptionsOf,
} from '@selfjudge/base/fields';
import { lossFaults } from '../losses/lossFaults.js';
import { lossTerms } from '../losses/lossTerms.js';
import { loopFields } from '../options/loop.js';
import { preferenceFields, preferenceLoop } from '../options/preference.js';
import { referenceFields } from '../options/reference.js';
import { signalFields } from '../options/judgeSignal.js';
import { promptFields, samplingFields } from '../options/sampling.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import { referenceFaults } from './runReference.js';

export const fields = {
  ...withDefaults(loopFields, preferenceLoop),
  ...preferenceFields,
  ...referenceFields,
  ...promptFields,
  /** Whose answers are judged; see `sampledPairs`. */
  sampling: choiceField(
    'on_policy',
    ['on_policy', 'off_policy', 'off_policy_once'],
    'who answers: the policy as it is, its frozen start, or the start once a prompt, whose pair every epoch sees again',
  ),
  /**
   * K answers make K (K - 1) / 2 pairs, each judged; the loss is the mean over all pairs of the step, of `plackett_luce` over
   * the rankings that the pairs of a prompt make.
   */
  numGenerations: wholeField(
    2,
    2,
    'answers a prompt; in self-train every two are judged and make a pair, with plackett_luce all a ranking',
  ),
  /** Whom the verdicts are of: the start throughout, or the policy at each step; the reference is the start either way. */
  judgeMode: choiceField(
    'static',
    ['static', 'policy'],
    'who judges where no judge is named: the frozen start, or the policy as it is in each step (the reference stays the start)',
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
  /** Who judges: the frozen start, or with `options.judgeMode` policy whoever reads with `trainable.policy`. */
  judge: Judge;
  tokenizer: Tokenizer;
  optimizer: AdamW;
  options: SelfTrainingOptions;
}

/** What of the options cannot be: what the losses say, pairs beside rankings, and verdicts that are kept of a judge that changes. */
export function selfTrainingFaults(options: SelfTrainingOptions): OptionFault[] {
  const { judgeMode, sampling, lossType, numGenerations } = options;
  const faults = [...lossFaults(options), ...referenceFaults(options)];
  const types = lossTerms(options).map(({ type }) => type);
  if (numGenerations > 2 && types.length > 1 && types.includes('plackett_luce'))
    faults.push({
      key: 'lossType',
      expected:
        'plackett_luce alone with more than 2 answers a prompt, as it is of rankings and the others of pairs',
      received: lossType,
    });
  if (judgeMode === 'policy' && sampling === 'off_policy_once')
    faults.push({
      key: 'judgeMode',
      expected: 'static with sampling off_policy_once, whose pairs are judged once for all steps',
      received: judgeMode,
    });
  return faults;
}

const start = {
  trainable: isPreferenceTrainable,
  judge: isJudge,
  tokenizer,
  options: optionsOfFields(fields, selfTrainingFaults),
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
