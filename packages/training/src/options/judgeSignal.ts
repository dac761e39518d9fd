import { choiceField, numberField, wholeField } from '@selfjudge/base/fields';

/** Of methods on prompts: when a judge compares the policy with its start, and who chooses the step that is kept. */
export const signalFields = {
  /** Ask the judge about the dev prompts every so many steps, and keep the best policy by its answer; 0 for never. */
  evalSteps: wholeField(
    0,
    0,
    'ask the judge about dev prompts every so many steps, and keep the step it likes best; 0 for never',
  ),
  /** Who chooses among the policies of a run: `auto` is the outside judge where there is one, `none` keeps the last. */
  selectBy: choiceField(
    'auto',
    ['auto', 'judge', 'outside', 'none'],
    'who chooses the step that is kept; auto: the outside judge where there is one, else the own; none keeps the last',
  ),
  /** Nats a sequence: a policy farther than this from the start is no candidate, and training stops. */
  maxKl: numberField(10, { above: 0 }, 'nats a sequence; farther from the start training stops'),
};
