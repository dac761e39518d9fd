import { choiceField, numberField, wholeField, withDefaults, type OptionsOf } from '@selfjudge/base/fields';
import { fields as selfTrainingFields, type SelfTraining } from './selfTrainingRun.js';

const { sampling: _, judgeMode: __, numGenerations: ___, ...shared } = selfTrainingFields;
export const fields = {
  ...withDefaults(shared, { temperature: 0.7, topK: 40, topP: 1, beta: 0.05 }),
  /** K of arXiv 2309.06657, which takes 64; TRL's name. */
  numGenerations: wholeField(16, 2, 'answers of the start a prompt, among which some are accepted'),
  /** Name of the paper's algorithm, which takes 8. */
  numSamples: wholeField(4, 2, 'answers accepted a prompt, at most num_generations'),
  /** The paper's beta; its gamma is `beta` here, as in every method. */
  rejectionBeta: numberField(
    0.5,
    { above: 0 },
    'of the distribution that is sampled, start x exp(reward / rejection_beta): small for the best answers, large for any',
  ),
  pairing: choiceField(
    'first_round',
    ['first_round', 'tournament'],
    'accepted answers meet once (num_samples / 2 pairs), or winners go on (num_samples - 1 pairs)',
  ),
};
export type RsoOptions = OptionsOf<typeof fields>;

/** What RSO works with: the judge ranks. */
export interface RsoRun extends Omit<SelfTraining, 'optimizer' | 'options'> {
  options: RsoOptions;
}
