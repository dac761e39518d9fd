import type { ModelView, SequenceGroup } from '@selfjudge/engine';
import { plan, WHOLE, type Leaves } from '@selfjudge/engine/internal';
import { accumulate } from './accumulate.js';
import { lossTerms } from './lossTerms.js';
import { referenceOf, type ScoredAnswer } from './preferenceLoss.js';
import { addRewardMetrics } from './preferenceMetrics.js';
import { plackettLuce, type Tiers } from './rankingLoss.js';
import { largest, samplerDifference } from './samplerDifference.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { Ranking } from '../pairs/ranking.js';
import { answerSequence } from '../pairs/tokenPair.js';

interface RankingGroup extends SequenceGroup {
  ranking: Ranking;
}

/**
 * Adds the gradient of the mean Plackett-Luce loss over `rankings`, whose answers the reference has scored.
 *
 * @param options whose one loss is `plackett_luce`
 * @returns the names of `preferenceBackward`: `loss` over the rankings, the others over every two answers of which one is
 *   ranked above the other
 */
export async function rankingBackward(
  rankings: readonly Ranking[],
  policy: ModelView,
  options: PreferenceOptions,
  tokenBudget: number,
  { signal, leaves = WHOLE }: { signal?: AbortSignal; leaves?: Leaves } = {},
): Promise<Metrics> {
  const [{ weight }] = lossTerms(options);
  const groups = rankings.map((ranking): RankingGroup => ({
    ranking,
    sequences: ranking.tiers
      .flat()
      .map(({ tokens, sequence }) => sequence ?? answerSequence(ranking.prompt, tokens)),
  }));
  const said = await leaves.each(groups, async (slice) => {
    const means = new Means();
    let difference = NaN;
    for (const { batch, groups: inTree } of plan(slice, tokenBudget)) {
      signal?.throwIfAborted();
      const logp = await accumulate(policy, batch, (ofLabels) => {
        const sums = batch.sums(ofLabels);
        let at = 0;
        const each = inTree.flatMap(({ ranking: { tiers } }) => {
          const scored = tiers.map((tier) =>
            tier.map(({ tokens, reference }) => ({ logp: sums[at++], reference, length: tokens.length })),
          );
          const { value, slopes } = rankingLoss(scored, options);
          means.add('loss', weight * value);
          addRewardMetrics(means, orderedPairs(scored), options);
          return slopes;
        });
        return Float32Array.from(batch.labels.sequence, (s) => (weight * each[s]) / rankings.length);
      });
      const answers = inTree.flatMap(({ ranking }) => ranking.tiers.flat());
      difference = largest(difference, samplerDifference(answers, batch.labels, logp));
    }
    return { means: means.parts(), difference };
  });
  const difference = said.reduce((most, slice) => largest(most, slice.difference), NaN);
  const metrics = new Means().merge(said.map(({ means }) => means)).all();
  return Number.isNaN(difference) ? metrics : { ...metrics, 'sampling/logp_diff': difference };
}

/** `plackettLuce` of scored answers, with derivatives by the sums of the policy's log-probabilities. */
function rankingLoss(tiers: Tiers<ScoredAnswer>, options: PreferenceOptions) {
  const scaleOf = ({ length }: ScoredAnswer) => (options.logpReduction === 'mean' ? 1 / length : 1);
  const ratios = tiers.map((tier) =>
    tier.map((answer) => (answer.logp - referenceOf(answer)) * scaleOf(answer)),
  );
  const { value, slopes } = plackettLuce(ratios, options);
  return { value, slopes: tiers.flat().map((answer, i) => slopes[i] * scaleOf(answer)) };
}

/** Every two answers of which one is ranked above the other. */
const orderedPairs = <T>(tiers: Tiers<T>): { chosen: T; rejected: T }[] =>
  tiers.flatMap((tier, t) => {
    const below = tiers.slice(t + 1).flat();
    return tier.flatMap((chosen) => below.map((rejected) => ({ chosen, rejected })));
  });
