import { mean } from '@selfjudge/base/internal';
import type { ModelView } from '@selfjudge/engine';
import { type Ranks, sharedScores } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import type { Contest, Contestant } from '../pairs/contest.js';

/** Asks the reference about both answers of every contest, which keep what it says: sums of log-probabilities, nats. */
export async function scoreContests(
  contests: readonly Pick<Contest, 'a' | 'b'>[],
  reference: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
  ranks?: Ranks,
): Promise<void> {
  const both = contests.map(({ a, b }): [TreeSequence, TreeSequence] => [a.sequence, b.sequence]);
  const sums = await sharedScores(both, reference, { tokenBudget, signal, ranks });
  contests.forEach(({ a, b }, i) => ([a.reference, b.reference] = sums[i]));
}

/**
 * Mean of log pi - log ref over the policy's own samples, untempered, nats a sequence. For samples of the whole
 * distribution (temperature 1, nothing truncated) it is an unbiased estimate of KL(policy || reference), TRL's
 * `objective/kl`; top-p and top-k leave out the tail, and what it then is has another name, `sampling/kl`. NaN where the
 * reference was not asked.
 */
export function klEstimate(contests: readonly Pick<Contest, 'a' | 'b'>[]): number {
  return klOf(contests.flatMap(({ a, b }) => [a, b]));
}

/** The same of single answers. */
export const klOf = (answers: readonly Pick<Contestant, 'logprobs' | 'reference'>[]): number =>
  mean(answers.map(({ logprobs, reference = NaN }) => sumOf(logprobs) - reference));

/** What a sampler said of all tokens of an answer together, nats. */
export const sumOf = (logprobs: Float32Array): number => logprobs.reduce((sum, x) => sum + x, 0);
