import { ArgumentError } from '@selfjudge/base';
import type { ModelView, SequenceGroup } from '@selfjudge/engine';
import {
  plan,
  scoreSequences,
  type Ranks,
  WHOLE,
  type Leaves,
  sharedScores,
} from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import { accumulate } from './accumulate.js';
import { needsReference } from './lossTerms.js';
import { addPreferenceMetrics } from './preferenceMetrics.js';
import { isOfStep, preferenceLoss, totalsOf, type PairPart, type ScoredPair } from './preferenceLoss.js';
import { largest, samplerDifference } from './samplerDifference.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { Profile } from '../metrics/profile.js';
import { bothAnswers, type TokenPair } from '../pairs/tokenPair.js';

interface PairGroup extends SequenceGroup {
  pair: TokenPair;
  /** Of a loss of all pairs of a step, where they are not all in one tree. */
  part?: PairPart;
}

/** Policy and, for losses about log ratios, the reference: where it is missing pairs bring its log-probabilities. */
export interface PreferenceViews {
  policy: ModelView;
  reference?: ModelView;
}

/**
 * Adds the gradient of the mean preference loss over `pairs`.
 *
 * Where the loss has a reference and pairs do not bring its log-probabilities, it scores them first; the phase `reference`
 * ends when they are there. Each answer needs one number, d loss / d (its log-probability), given to all of its tokens.
 * A loss that needs all pairs at once (aot) has them from the forward of the one tree they make; where they make several,
 * the policy scores all of them before, which is one forward more.
 * @returns TRL's names: `loss`, `loss/<name>` of each loss of a mix, `rewards/{chosen,rejected,accuracies,margins}` where
 *   the loss has rewards, `logps/{chosen,rejected}` (sums, nats), and `sampling/logp_diff`, the largest difference between
 *   sampler and policy, where samplers spoke.
 * @throws ArgumentError for a loss that has a reference where there is none
 */
export async function preferenceBackward(
  pairs: TokenPair[],
  { policy, reference }: PreferenceViews,
  options: PreferenceOptions,
  tokenBudget: number,
  at: { signal?: AbortSignal; profile?: Profile; leaves?: Leaves } = {},
): Promise<Metrics> {
  const { signal, profile, leaves = WHOLE } = at;
  let ready = pairs;
  if (needsReference(options) && !pairs.every(hasReference)) {
    if (reference === undefined)
      throw new ArgumentError('views.reference', {
        where: 'preferenceBackward',
        expected: 'a view, or pairs with its log-probabilities: the loss is about a reference',
        received: reference,
      });
    ready = await precomputeReference(pairs, reference, tokenBudget, signal, leaves.ranks);
    await profile?.lap('reference');
  }
  const totals = totalsOf(ready.map((pair) => scoredPair(pair, [0, 0])));
  const partsOf = (means: Means, of: readonly TokenPair[], sums: ArrayLike<number>) => {
    const scored = of.map((pair, i) => scoredPair(pair, [sums[2 * i], sums[2 * i + 1]]));
    const parts = preferenceLoss(scored, options, totals);
    addPreferenceMetrics(means, scored, parts, options);
    return parts;
  };
  const sequences = ready.map(bothAnswers);
  const means = new Means();
  let known: PairPart[] | undefined;
  if (isOfStep(options) && (leaves.count > 1 || isCut(sequences, tokenBudget))) {
    const sums = await sharedScores(sequences, policy, { tokenBudget, signal, ranks: leaves.ranks });
    known = partsOf(means, ready, sums.flat());
  }
  const groups = ready.map((pair, i): PairGroup => ({ pair, sequences: sequences[i], part: known?.[i] }));

  const said = await leaves.each(groups, async (slice) => {
    const ofSlice = new Means();
    let difference = NaN;
    for (const { batch, groups: inTree } of plan(slice, tokenBudget)) {
      signal?.throwIfAborted();
      const own = inTree.map(({ pair }) => pair);
      const slopes = (parts: readonly PairPart[]) => {
        const each = parts.flatMap(({ dChosen, dRejected }) => [dChosen, dRejected]);
        return Float32Array.from(batch.labels.sequence, (s) => each[s] / pairs.length);
      };
      const told = (logp: Float32Array) => slopes(partsOf(ofSlice, own, batch.sums(logp)));
      const gradient = known === undefined ? told : slopes(inTree.map(({ part }) => part!));
      const logp = await accumulate(policy, batch, gradient);
      const answers = own.flatMap(({ chosen, rejected }) => [chosen, rejected]);
      difference = largest(difference, samplerDifference(answers, batch.labels, logp));
    }
    return { means: ofSlice.parts(), difference };
  });
  const difference = said.reduce((most, slice) => largest(most, slice.difference), NaN);
  const metrics = means.merge(said.map((slice) => slice.means)).all();
  return Number.isNaN(difference) ? metrics : { ...metrics, 'sampling/logp_diff': difference };
}

/** Whether all pairs do not make one tree. */
function isCut(pairs: readonly TreeSequence[][], tokenBudget: number): boolean {
  const trees = plan(
    pairs.map((sequences) => ({ sequences })),
    tokenBudget,
  );
  trees.next();
  return trees.next().done !== true;
}

/**
 * What `preferenceBackward` says of pairs, without a gradient; a loss of all pairs of a step sees all of them.
 * @param pairs with the reference's log-probabilities, where the loss has one
 */
export async function preferenceMeasures(
  pairs: readonly TokenPair[],
  policy: ModelView,
  options: PreferenceOptions,
  tokenBudget: number,
): Promise<Metrics> {
  const sums = await scoreSequences(pairs.map(bothAnswers), policy, tokenBudget);
  const scored = pairs.map((pair, i) => scoredPair(pair, [sums[i][0], sums[i][1]]));
  const means = new Means();
  addPreferenceMetrics(means, scored, preferenceLoss(scored, options), options);
  return means.all();
}

const scoredPair = (
  { chosen, rejected }: TokenPair,
  [ofChosen, ofRejected]: [number, number],
): ScoredPair => ({
  chosen: { logp: ofChosen, reference: chosen.reference, length: chosen.tokens.length },
  rejected: { logp: ofRejected, reference: rejected.reference, length: rejected.tokens.length },
});

const hasReference = ({ chosen, rejected }: TokenPair): boolean =>
  chosen.reference !== undefined && rejected.reference !== undefined;

/** Reference sums of all pairs, once and for all: `precompute_ref_log_probs`. */
export async function precomputeReference(
  pairs: TokenPair[],
  reference: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
  ranks?: Ranks,
): Promise<TokenPair[]> {
  const sums = await sharedScores(pairs.map(bothAnswers), reference, { tokenBudget, signal, ranks });
  return pairs.map((pair, i) => withReference(pair, sums[i]));
}

/** The pair with what the reference says of both answers. */
export const withReference = (pair: TokenPair, [chosen, rejected]: readonly number[]): TokenPair => ({
  ...pair,
  chosen: { ...pair.chosen, reference: chosen },
  rejected: { ...pair.rejected, reference: rejected },
});
