import { mean } from '@selfjudge/base/internal';
import type { SampledAnswer } from '@selfjudge/engine';
import type { Verdict } from '@selfjudge/judging';
import { judgeBehaviour } from '@selfjudge/judging/internal';
import type { Contest, Fate } from '../pairs/contest.js';
import type { Metrics } from './means.js';

/**
 * How the judge behaved over the contests it was asked about (see `judgeBehaviour`), and what became of all of them:
 * `pair_rate` is the share that became training pairs, `equal_ratio` and `cut_ratio` those it was not asked about.
 * What only a token judge's evidence tells is absent without it.
 */
export function judgeMetrics(contests: Contest[]): Metrics {
  const judged = contests.flatMap(({ verdict, a, b }) =>
    verdict === undefined ? [] : [{ verdict, lengths: [a.tokens.length, b.tokens.length] as const }],
  );
  const share = (fate: Fate) => mean(contests.map((c) => Number(c.fate === fate)));
  return {
    ...behaviourMetrics(judged),
    'judge/pair_rate': share('pair'),
    'completions/equal_ratio': share('equal'),
    'completions/cut_ratio': share('cut'),
  };
}

/** How the judge behaved over what it was asked. Lengths of both answers in tokens. */
export function behaviourMetrics(
  judged: readonly { verdict: Verdict; lengths: readonly [number, number] }[],
): Metrics {
  const behaviour = judgeBehaviour(
    judged.map(({ verdict }) => verdict),
    judged.map(({ lengths }) => lengths),
  );
  const { positionConsistency, firstRate, abMass } = behaviour;
  return {
    ...(positionConsistency !== undefined && { 'judge/position_consistency': positionConsistency }),
    ...(firstRate !== undefined && { 'judge/first_rate': firstRate }),
    'judge/margin': behaviour.margin,
    ...(abMass !== undefined && { 'judge/ab_mass': abMass }),
    'judge/tie_rate': behaviour.tieRate,
    'judge/invalid_rate': behaviour.invalidRate,
    'judge/longer_rate': behaviour.longerRate,
  };
}

/**
 * Lengths in tokens, the end token included, the share of answers cut before it, and `sampling/neg_logprob`: the mean
 * of -log p of the sampled tokens, nats a token, untempered. That is an estimate of the entropy of the policy where
 * nothing is truncated and the temperature is 1; of a truncated tail it knows nothing. Absent where nothing was sampled.
 */
export function completionMetrics(contests: Contest[]): Metrics {
  return answerMetrics(contests.flatMap(({ a, b }) => [a, b]));
}

/** The same of any answers, at least one. */
export function answerMetrics(answers: readonly SampledAnswer[]): Metrics {
  const lengths = answers.map(({ tokens }) => tokens.length);
  const logprobs = answers.flatMap((answer) => Array.from(answer.logprobs));
  return {
    'completions/mean_length': mean(lengths),
    'completions/min_length': Math.min(...lengths),
    'completions/max_length': Math.max(...lengths),
    'completions/clipped_ratio': mean(answers.map(({ finish }) => Number(finish !== 'eos'))),
    ...(logprobs.length > 0 && { 'sampling/neg_logprob': -mean(logprobs) }),
  };
}
