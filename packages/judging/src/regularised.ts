import { sftContentOf, sftSequence } from '@selfjudge/data/internal';
import type { ModelView } from '@selfjudge/engine';
import { scoreSequences } from '@selfjudge/engine/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { byScores } from './fromScorer.js';
import { consult, judgeBy, partly, type CompareOptions, type Judge } from './judge.js';
import { distinctAnswers, scorerBy, scoresOf, type ScoredAnswer, type Scorer } from './scorer.js';
import type { Evidence, Verdict } from './verdict.js';

/** A model that says how likely an answer is. */
export interface Reference {
  view: ModelView;
  tokenizer: Tokenizer;
}

/** What a regularised judge said before, and the summed log-probabilities of the two answers, in nats. */
export interface RegularisedEvidence extends Evidence {
  readonly kind: 'regularised';
  verdict: Verdict;
  logprobA: number;
  logprobB: number;
}

export interface RegularisedVerdict extends Verdict {
  evidence: RegularisedEvidence;
}

/**
 * A scorer or judge that also asks how likely an answer is: score + weight x log-probability of the answer under a
 * reference, summed over its tokens, its end token included. With a weight of the beta of a KL penalty and the start of
 * training as reference this is what the best policy of that penalty ranks by (Rafailov et al., arXiv 2305.18290, eq. 4).
 *
 * Of a judge the scores are log p and log(1 - p), so that the weight counts in nats of its log-odds:
 * `regularised(fromScorer(s), ...)` and `fromScorer(regularised(s, ...))` are of one mind. A verdict of which a judge is
 * certain (p of 0 or 1) stands.
 *
 * An answer whose prompt the chat template refuses, that is longer than the model's context or has no finite
 * log-probability has no score, its pair no verdict (`no-score`).
 *
 * @param of whoever has both methods is taken as scorer
 * @param weight a finite number; above 0 it favours what the reference would say
 */
export function regularised(of: Scorer, reference: Reference, weight: number): Scorer;
export function regularised(of: Judge, reference: Reference, weight: number): Judge<RegularisedVerdict>;
export function regularised(
  of: Scorer | Judge,
  reference: Reference,
  weight: number,
): Scorer | Judge<RegularisedVerdict> {
  return 'score' in of ? regularisedScorer(of, reference, weight) : regularisedJudge(of, reference, weight);
}

function regularisedScorer(scorer: Scorer, reference: Reference, weight: number): Scorer {
  return scorerBy('regularised.score', async (answers, options) => {
    const part = (index: number) => partly(options, { index, parts: 2, total: answers.length });
    const scores = await scoresOf(scorer, answers, 'regularised', part(0));
    const logprobs = await logprobsOf(answers, reference, part(1));
    return scores.map((score, i) => finite(score + weight * logprobs[i]));
  });
}

function regularisedJudge(judge: Judge, reference: Reference, weight: number): Judge<RegularisedVerdict> {
  return judgeBy('regularised.compare', async (pairs, options) => {
    const part = (index: number) => partly(options, { index, parts: 2, total: pairs.length });
    const verdicts = await consult(judge, pairs, 'regularised', part(0));
    const { answers, sides } = distinctAnswers(pairs);
    const logprobs = await logprobsOf(answers, reference, part(1));
    return verdicts.map((verdict, i) => {
      const [logprobA, logprobB] = sides[i].map((side) => logprobs[side]);
      return regularisedVerdict(verdict, { logprobA, logprobB }, weight);
    });
  });
}

/** What becomes of a judge's verdict beside the log-probabilities of the answers under the reference, sums in nats. */
export function regularisedVerdict(
  verdict: Verdict,
  { logprobA, logprobB }: Pick<RegularisedEvidence, 'logprobA' | 'logprobB'>,
  weight: number,
): RegularisedVerdict {
  const evidence: RegularisedEvidence = { kind: 'regularised', verdict, logprobA, logprobB };
  const { winner, probability: p } = verdict;
  if (winner === null) return { ...verdict, evidence };
  const [a, b] = [weight * logprobA, weight * logprobB];
  const isCertain = (p === 0 || p === 1) && Number.isFinite(a + b);
  return {
    ...(isCertain ? verdict : byScores(finite(Math.log(p) + a), finite(Math.log(1 - p) + b))),
    evidence,
  };
}

const finite = (score: number): number => (Number.isFinite(score) ? score : NaN);

/** The summed log-probability of each answer, NaN where it has none. */
async function logprobsOf(
  answers: readonly ScoredAnswer[],
  { view, tokenizer }: Reference,
  { tokenBudget = 4096, onProgress, signal }: CompareOptions,
): Promise<number[]> {
  const logprobs = answers.map(() => NaN);
  const jobs: { index: number; sequences: [TreeSequence] }[] = [];
  for (const [index, { prompt, answer }] of answers.entries()) {
    const { value } = sftSequence(tokenizer, sftContentOf(prompt, answer));
    if (value !== undefined && value.sequence.tokens.length <= view.model.config.maxPositions)
      jobs.push({ index, sequences: [value.sequence] });
  }
  const groups = jobs.map(({ sequences }) => sequences);
  const sums = await scoreSequences(groups, view, tokenBudget, signal);
  jobs.forEach(({ index }, i) => (logprobs[index] = finite(sums[i][0])));
  onProgress?.(answers.length, answers.length);
  return logprobs;
}
