import { judgeBy, partly, type Judge } from './judge.js';
import { distinctAnswers, scoresOf, type Scorer } from './scorer.js';
import { larger, NO_VERDICT, type Verdict } from './verdict.js';

/** A judge whose verdicts follow from a score of each answer. */
export interface ScorerJudge extends Judge {
  readonly scorer: Scorer;
}
export const isScorerJudge = (judge: Judge): judge is ScorerJudge => 'scorer' in judge;

/**
 * A scorer as judge: the answer of the larger score wins, equal scores are a tie. The probability is
 * sigmoid(scoreA - scoreB), the Bradley-Terry model that reward models are trained on. Each distinct answer to a prompt is
 * scored once. An answer without a score leaves its pairs without a verdict (`no-score`).
 */
export function fromScorer(scorer: Scorer): ScorerJudge {
  const { compare } = judgeBy('fromScorer.compare', async (pairs, options) => {
    const { answers, sides } = distinctAnswers(pairs);
    const whole = partly(options, { index: 0, parts: 1, total: pairs.length });
    const scores = await scoresOf(scorer, answers, 'fromScorer', whole);
    return sides.map(([a, b]) => byScores(scores[a], scores[b]));
  });
  return { compare, scorer };
}

/** The verdict of two scores, NaN for none. */
export function byScores(scoreA: number, scoreB: number): Verdict {
  const missing = [...(Number.isNaN(scoreA) ? ['a'] : []), ...(Number.isNaN(scoreB) ? ['b'] : [])];
  if (missing.length > 0) {
    const detail = `no score of ${missing.join(' and ')}`;
    return { ...NO_VERDICT, scoreA, scoreB, reason: 'no-score', detail };
  }
  return { winner: larger(scoreA, scoreB), scoreA, scoreB, probability: sigmoid(scoreA - scoreB) };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
