import { choiceField, wholeField } from '@selfjudge/base/fields';

/** Of methods on rows that stand still: when rows held out from training are looked at, and what of it chooses the step that is kept. */
export const heldOutFields = <const T extends string>(measures: readonly T[]) => ({
  /** Measure the held-out rows every so many steps and after the last; 0 for never. */
  evalSteps: wholeField(
    0,
    0,
    'measure held-out rows (eval_dataset_name) every so many steps and after the last; 0 for never',
  ),
  /** Which measure of the held-out rows chooses the step that is kept; `none` keeps the last. */
  selectBy: choiceField<'none' | T>(
    'none',
    ['none', ...measures],
    'what of the held-out rows chooses the step that is kept; none keeps the last',
  ),
});

/** What `selectBy` can be: the metric that it stands for, and which way it is better. */
export const MEASURES = {
  loss: { metric: 'eval_loss', better: -1 },
  judge: { metric: 'eval_judge_accuracy', better: 1 },
  accuracy: { metric: 'eval_accuracy', better: 1 },
} as const;
export type Measure = keyof typeof MEASURES;
