import { flagField, numberField, wholeField, type OptionsOf } from '@selfjudge/base/fields';

/** Of losses about a reference: whether it stands still. TRL's names and defaults. */
export const referenceFields = {
  /** The reference of the loss follows the policy; who judges, and the start that answers are compared with, stay. */
  syncRefModel: flagField(false, 'the reference of the loss moves towards the policy; judge and start stay'),
  /** alpha of arXiv 2404.09656: the reference becomes alpha x policy + (1 - alpha) x itself. */
  refModelMixupAlpha: numberField(
    0.6,
    { above: 0, max: 1 },
    'share of the policy in the reference when it moves; 1 for a copy, which alone an adapter can be',
  ),
  /** tau of arXiv 2404.09656. */
  refModelSyncSteps: wholeField(512, 1, 'the reference moves after every so many steps'),
};
export type ReferenceOptions = OptionsOf<typeof referenceFields>;
