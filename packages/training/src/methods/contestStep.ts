import { mean } from '@selfjudge/base/internal';
import { heldToReference, preferences, type Contest } from '../pairs/contest.js';
import { pairTokens } from './dpo.js';
import { completionMetrics, judgeMetrics } from '../metrics/judgeMetrics.js';
import { klEstimate, scoreContests } from '../metrics/kl.js';
import { preferenceBackward } from '../losses/preferenceUpdate.js';
import { rankingBackward } from '../losses/rankingUpdate.js';
import { isRanked } from '../losses/lossTerms.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { AdamW } from '../optimizer/adamw.js';
import { rankingOf, type Ranking } from '../pairs/ranking.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import type { Answer, TokenPair } from '../pairs/tokenPair.js';
import type { RunReference } from './runReference.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';
import type { StepContext, StepReport } from '../loop/trainingTask.js';

/** What a step on settled pairs works with. */
export interface ContestRun {
  trainable: PreferenceTrainable;
  optimizer: AdamW;
  /** What the loss is held against, where that is not the frozen start. */
  reference?: RunReference;
  options: PreferenceOptions &
    Pick<SelfTrainingOptions, 'tokenBudget' | 'referenceWeight' | 'ties' | 'missingEos' | 'numGenerations'>;
}

/**
 * One optimizer step on pairs of answers that are sampled and settled already, or on the rankings that all pairs of a prompt
 * make together (`isRanked`).
 *
 * @param isOwn whether the policy drew them now: only then its sampler tells of the policy (`sampling/kl`, `sampling/logp_diff`).
 *   The KL is to the start; to a reference that moves it is `sampling/reference_kl`
 */
export async function contestStep(
  contests: Contest[],
  { trainable, optimizer, reference, options }: ContestRun,
  at: StepContext,
  isOwn: boolean,
): Promise<StepReport> {
  const { tokenBudget, referenceWeight } = options;
  await scoreContests(
    contests,
    reference?.view ?? trainable.reference,
    tokenBudget,
    at.signal,
    at.leaves?.ranks,
  );
  await at.profile?.lap('reference');
  const turned = referenceWeight > 0 ? heldToReference(contests, referenceWeight, options) : undefined;
  const learn = isRanked(options) ? fromRankings : fromPairs;
  const learnt = await learn(contests, { trainable, optimizer, options }, at, isOwn);
  const update =
    learnt.examples.length > 0 ? await optimizer.step(at.learningRate) : { gradNorm: 0, skipped: false };
  reference?.after(at.step);
  await at.profile?.lap('update');
  return {
    metrics: {
      ...learnt.metrics,
      ...(isOwn && {
        [reference?.moves ? 'sampling/reference_kl' : 'sampling/kl']: klEstimate(contests),
      }),
      ...(contests.length > 0 && { ...completionMetrics(contests), ...judgeMetrics(contests) }),
      ...(turned !== undefined && { 'judge/turned_by_reference': turned }),
      grad_norm: update.gradNorm,
    },
    tokens: learnt.tokens,
    examples: learnt.examples,
    skipped: update.skipped,
  };
}

/** Adds the gradient of what contests teach. */
type Learn = (
  contests: readonly Contest[],
  run: ContestRun,
  at: StepContext,
  isOwn: boolean,
) => Promise<Pick<StepReport, 'metrics' | 'tokens' | 'examples'>>;

const fromPairs: Learn = async (contests, { trainable, options }, at, isOwn) => {
  const settled = preferences(contests);
  const pairs = isOwn ? settled : settled.map(withoutSampler);
  return {
    metrics: await preferenceBackward(pairs, trainable, options, options.tokenBudget, at),
    tokens: pairTokens(pairs),
    examples: pairs.map(({ id }) => id),
  };
};

const fromRankings: Learn = async (contests, { trainable, options }, at, isOwn) => {
  const { numGenerations: count, tokenBudget } = options;
  const each = (count * (count - 1)) / 2;
  const prompts = Array.from({ length: contests.length / each }, (_, i) =>
    rankingOf(contests.slice(i * each, (i + 1) * each), count),
  );
  const settled = prompts.filter((ranking) => ranking !== undefined);
  const rankings = isOwn
    ? settled
    : settled.map((ranking) => ({ ...ranking, tiers: ranking.tiers.map((tier) => tier.map(bare)) }));
  const loss = await rankingBackward(rankings, trainable.policy, options, tokenBudget, at);
  return {
    metrics: {
      ...loss,
      'judge/ranked_rate': rankings.length / prompts.length,
      ...(rankings.length > 0 && { 'judge/rank_tie_rate': mean(rankings.map(tieRate)) }),
    },
    tokens: rankings.reduce(
      (sum, { prompt, tiers }) =>
        sum + tiers.flat().reduce((of, { tokens }) => of + prompt.length + tokens.length, 0),
      0,
    ),
    examples: rankings.map(({ id }) => id),
  };
};

/** Share of the pairs of ranked answers of which none is above the other. */
function tieRate({ tiers }: Ranking): number {
  const among = (n: number) => (n * (n - 1)) / 2;
  return tiers.reduce((sum, tier) => sum + among(tier.length), 0) / among(tiers.flat().length);
}

/** What the start's sampler said of an answer is not to be compared with the policy. */
function withoutSampler({ chosen, rejected, ...pair }: TokenPair): TokenPair {
  return { ...pair, chosen: bare(chosen), rejected: bare(rejected) };
}

function bare(answer: Answer): Answer {
  const { logprobs: _, ...rest } = answer;
  return rest;
}
