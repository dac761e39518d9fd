import { heldToReference, preferences, type Contest } from '../pairs/contest.js';
import { pairTokens } from './dpo.js';
import { completionMetrics, judgeMetrics } from '../metrics/judgeMetrics.js';
import { klEstimate, scoreContests } from '../metrics/kl.js';
import { preferenceBackward } from '../losses/preferenceUpdate.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { AdamW } from '../optimizer/adamw.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import type { Answer, TokenPair } from '../pairs/tokenPair.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';
import type { StepContext, StepReport } from '../loop/trainingTask.js';

/** What a step on settled pairs works with. */
export interface ContestRun {
  trainable: PreferenceTrainable;
  optimizer: AdamW;
  options: PreferenceOptions &
    Pick<SelfTrainingOptions, 'tokenBudget' | 'referenceWeight' | 'ties' | 'missingEos'>;
}

/**
 * One optimizer step on pairs of answers that are sampled and settled already.
 *
 * @param isOwn whether the policy drew them now: only then its sampler tells of the policy (`sampling/kl`, `sampling/logp_diff`)
 */
export async function contestStep(
  contests: Contest[],
  { trainable, optimizer, options }: ContestRun,
  at: StepContext,
  isOwn: boolean,
): Promise<StepReport> {
  const { tokenBudget, referenceWeight } = options;
  await scoreContests(contests, trainable.reference, tokenBudget, at.signal);
  await at.profile?.lap('reference');
  const turned = referenceWeight > 0 ? heldToReference(contests, referenceWeight, options) : undefined;
  const settled = preferences(contests);
  const pairs = isOwn ? settled : settled.map(withoutSampler);
  const loss = await preferenceBackward(pairs, trainable, options, tokenBudget, at);
  const update = pairs.length > 0 ? await optimizer.step(at.learningRate) : { gradNorm: 0, skipped: false };
  await at.profile?.lap('update');
  return {
    metrics: {
      ...loss,
      ...(isOwn && { 'sampling/kl': klEstimate(contests) }),
      ...(contests.length > 0 && { ...completionMetrics(contests), ...judgeMetrics(contests) }),
      ...(turned !== undefined && { 'judge/turned_by_reference': turned }),
      grad_norm: update.gradNorm,
    },
    tokens: pairTokens(pairs),
    examples: pairs.map(({ id }) => id),
    skipped: update.skipped,
  };
}

/** What the start's sampler said of an answer is not to be compared with the policy. */
function withoutSampler({ chosen, rejected, ...pair }: TokenPair): TokenPair {
  return { ...pair, chosen: bare(chosen), rejected: bare(rejected) };
}

function bare(answer: Answer): Answer {
  const { logprobs: _, ...rest } = answer;
  return rest;
}
