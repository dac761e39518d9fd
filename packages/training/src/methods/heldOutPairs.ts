import type { ModelView } from '@selfjudge/engine';
import { heldOutSelection } from '../loop/heldOut.js';
import type { Selection } from '../loop/trainingTask.js';
import { needsReference } from '../losses/lossTerms.js';
import { precomputeReference, preferenceMeasures } from '../losses/preferenceUpdate.js';
import type { Measure } from '../options/heldOut.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { TokenPair } from '../pairs/tokenPair.js';

/**
 * Measures labelled pairs that are never trained on, by the loss of training: TRL's `eval_loss`,
 * `eval_rewards/{chosen,rejected,accuracies,margins}` and `eval_logps/{chosen,rejected}`, each over all of them.
 *
 * What a reference that stands still says of them is asked once and held, two numbers a pair.
 * @param views.moves whether the reference is another one later
 */
export function heldOutPairs(
  pairs: readonly TokenPair[],
  { policy, reference, moves }: { policy: ModelView; reference?: ModelView; moves?: boolean },
  options: PreferenceOptions & { tokenBudget: number; evalSteps: number; selectBy: 'none' | Measure },
): Selection | undefined {
  const { tokenBudget } = options;
  let ready: readonly TokenPair[] | undefined;
  const measure = async () => {
    const asked =
      ready ??
      (needsReference(options) && reference !== undefined
        ? await precomputeReference([...pairs], reference, tokenBudget)
        : pairs);
    if (moves !== true) ready = asked;
    return { metrics: await preferenceMeasures(asked, policy, options, tokenBudget) };
  };
  return heldOutSelection(pairs.length, options, measure, 'eval_rewards/accuracies');
}
