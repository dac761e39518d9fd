import type { ModelView, SequenceGroup } from '@selfjudge/engine';
import { plan, scoreSequences } from '@selfjudge/engine/internal';
import { accumulate } from './accumulate.js';
import { preferenceLosses } from './preferenceLosses.js';
import { Means, type Metrics } from '../metrics/means.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { Profile } from '../metrics/profile.js';
import { bothAnswers, type Answer, type TokenPair } from '../pairs/tokenPair.js';

interface PairGroup extends SequenceGroup {
  pair: TokenPair;
}

/**
 * Adds the gradient of the mean preference loss over `pairs`.
 *
 * Where pairs do not bring the reference's log-probabilities, it scores them first; the phase `reference` ends when they
 * are there. Each answer needs one number, d loss / d (its log-probability), given to all of its tokens.
 * @returns TRL's names: `loss`, `rewards/{chosen,rejected,accuracies,margins}`, `logps/{chosen,rejected}` (sums, nats),
 *   and `sampling/logp_diff`, the largest difference between sampler and policy, where samplers spoke.
 */
export async function preferenceBackward(
  pairs: TokenPair[],
  views: { policy: ModelView; reference: ModelView },
  options: PreferenceOptions,
  tokenBudget: number,
  at: { signal?: AbortSignal; profile?: Profile } = {},
): Promise<Metrics> {
  const { signal, profile } = at;
  const { policy, reference } = views;
  const known = pairs.every(
    ({ chosen, rejected }) => chosen.reference !== undefined && rejected.reference !== undefined,
  );
  const scored = known ? pairs : await precomputeReference(pairs, reference, tokenBudget, signal);
  await profile?.lap('reference');
  const groups = scored.map((pair): PairGroup => ({ pair, sequences: bothAnswers(pair) }));
  const means = new Means();
  let difference = NaN;
  for (const { batch, groups: inTree } of plan(groups, tokenBudget)) {
    signal?.throwIfAborted();
    const answers = inTree.flatMap(({ pair }) => [pair.chosen, pair.rejected]);
    const referenceSums = Float64Array.from(answers, (a) => a.reference as number);
    const logp = await accumulate(policy, batch, (logp) => {
      const sums = batch.sums(logp);
      const slopes = pairSlopes(inTree, sums, referenceSums, options, means);
      return Float32Array.from(batch.labels.sequence, (s) => slopes[s] / pairs.length);
    });
    difference = largest(difference, samplerDifference(answers, batch.labels, logp));
  }
  const metrics = means.all();
  return Number.isNaN(difference) ? metrics : { ...metrics, 'sampling/logp_diff': difference };
}

/** Of each sequence, the derivative of its pair's loss with respect to each of its tokens' log-probability. */
function pairSlopes(
  groups: PairGroup[],
  policySums: Float64Array,
  referenceSums: Float64Array,
  options: PreferenceOptions,
  means: Means,
): Float64Array {
  const loss = preferenceLosses[options.lossType];
  const slopes = new Float64Array(2 * groups.length);
  groups.forEach(({ pair }, i) => {
    const c = 2 * i;
    const r = c + 1;
    const scale = (answer: Answer) => (options.logpReduction === 'mean' ? 1 / answer.tokens.length : 1);
    const chosen = (policySums[c] - referenceSums[c]) * scale(pair.chosen);
    const rejected = (policySums[r] - referenceSums[r]) * scale(pair.rejected);
    const { value, dChosen, dRejected } = loss(chosen, rejected, options);
    slopes[c] = dChosen * scale(pair.chosen);
    slopes[r] = dRejected * scale(pair.rejected);
    means.add('loss', value);
    means.add('rewards/chosen', options.beta * chosen);
    means.add('rewards/rejected', options.beta * rejected);
    means.add('rewards/accuracies', chosen > rejected ? 1 : 0);
    means.add('rewards/margins', options.beta * (chosen - rejected));
    means.add('logps/chosen', policySums[c]);
    means.add('logps/rejected', policySums[r]);
  });
  return slopes;
}

function samplerDifference(answers: Answer[], labels: { sequence: Int32Array }, logp: Float32Array): number {
  let worst = NaN;
  let at = 0;
  let current = -1;
  for (let i = 0; i < logp.length; i++) {
    if (labels.sequence[i] !== current) [current, at] = [labels.sequence[i], 0];
    const sampled = answers[current].logprobs;
    if (sampled !== undefined) worst = largest(worst, Math.abs(sampled[at] - logp[i]));
    at++;
  }
  return worst;
}

/** The larger of two, where NaN stands for none. */
function largest(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}

/** Reference sums of all pairs, once and for all: `precompute_ref_log_probs`. */
export async function precomputeReference(
  pairs: TokenPair[],
  reference: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
): Promise<TokenPair[]> {
  const sums = await scoreSequences(pairs.map(bothAnswers), reference, tokenBudget, signal);
  return pairs.map((pair, i) => ({
    ...pair,
    chosen: { ...pair.chosen, reference: sums[i][0] },
    rejected: { ...pair.rejected, reference: sums[i][1] },
  }));
}
