import { choiceField, type OptionsOf } from '@selfjudge/base/fields';

/** Of methods that teach which of two answers is better, by pairs with a label. */
export const pairLengthFields = {
  /**
   * Which pairs teach it, by the lengths of their answers in characters. `balanced`: at each size of difference as many whose better answer is
   * the longer one as the shorter one, drawn by `seed`. `near`: those that differ by at most a tenth of the longer. What is left
   * out is counted.
   */
  pairLengths: choiceField(
    'all',
    ['all', 'balanced', 'near'],
    'which pairs teach, by length: balanced, as often the longer answer better as the shorter at each size of difference; near, those that differ by at most a tenth; the rest is left out and counted',
  ),
};
export type PairLengths = OptionsOf<typeof pairLengthFields>['pairLengths'];
