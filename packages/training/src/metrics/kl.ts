import { mean } from '@selfjudge/base/internal';
import type { ModelView } from '@selfjudge/engine';
import { scoreSequences } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import type { Contest } from '../pairs/contest.js';
import { answerSequence } from '../pairs/tokenPair.js';

/** Summed log-probabilities of both answers of every contest under the reference. */
export async function scoreContests(
  contests: Pick<Contest, 'prompt' | 'a' | 'b'>[],
  reference: ModelView,
  tokenBudget: number,
  signal?: AbortSignal,
): Promise<[a: number, b: number][]> {
  const answers = contests.map(({ prompt, a, b }): [TreeSequence, TreeSequence] => [
    answerSequence(prompt.tokens, a.tokens),
    answerSequence(prompt.tokens, b.tokens),
  ]);
  return scoreSequences(answers, reference, tokenBudget, signal);
}

/**
 * KL(policy || reference) in nats a sequence: mean of log pi - log ref over the policy's own samples, untempered.
 * Unbiased for samples at temperature 1 without truncation; top-p and top-k leave out the tail.
 */
export function klEstimate(contests: Pick<Contest, 'a' | 'b'>[], referenceSums: [number, number][]): number {
  const sum = (logprobs: Float32Array) => logprobs.reduce((total, x) => total + x, 0);
  return mean(
    contests.flatMap(({ a, b }, i) => [
      sum(a.logprobs) - referenceSums[i][0],
      sum(b.logprobs) - referenceSums[i][1],
    ]),
  );
}
