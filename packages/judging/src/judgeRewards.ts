import type { Text } from '@selfjudge/data';
import { mean } from '@selfjudge/base/internal';
import { consult, type CompareOptions, type Judge } from './judge.js';
import type { JudgePair } from './pair.js';
import { isScorerJudge } from './fromScorer.js';
import { scoresOf } from './scorer.js';
import { tokenEvidence, type Verdict } from './verdict.js';

/** Answers to one prompt, to be given a number each. */
export interface RewardedAnswers {
  prompt: Text;
  answers: readonly string[];
  /** What a judge compares each of them with: one fixed answer a prompt. Scorers do not look at it. */
  against: string;
}

/** A chance nearer to 0 or 1 than a float32 says is taken for this near: the logit of certainty is no number. */
const NEAREST = 2 ** -24;

/**
 * One number an answer by whoever ranks: the score of a judge made by `fromScorer`; of any other judge the logit of w, in nats,
 * or w itself (`scale`), w the chance of winning against the fixed answer (`winningChance`). Rewards are comparable within a prompt;
 * those of judges across prompts as far as their fixed answers are equally good. An answer equal to the fixed one has a w of
 * 1/2, one without a score or verdict NaN. Equal texts to one prompt are asked about once.
 */
export async function judgeRewards(
  judge: Judge,
  entries: readonly RewardedAnswers[],
  options: CompareOptions = {},
  scale: 'logit' | 'chance' = 'logit',
): Promise<number[][]> {
  const asked = entries.flatMap(({ prompt, answers, against }) =>
    [...new Set(answers)].map((a): JudgePair => ({ prompt, a, b: against })),
  );
  const rewards = isScorerJudge(judge)
    ? await scoresOf(
        judge.scorer,
        asked.map(({ prompt, a }) => ({ prompt, answer: a })),
        'judgeRewards',
        options,
      )
    : (await chances(judge, asked, options)).map(scale === 'logit' ? logit : (chance) => chance);
  let at = 0;
  return entries.map(({ answers }) => {
    const known = new Map([...new Set(answers)].map((answer) => [answer, rewards[at++]]));
    return answers.map((answer) => known.get(answer)!);
  });
}

async function chances(
  judge: Judge,
  pairs: readonly JudgePair[],
  options: CompareOptions,
): Promise<number[]> {
  const open = pairs.filter(({ a, b }) => a !== b);
  const verdicts = await consult(judge, open, 'judgeRewards', options);
  let at = 0;
  return pairs.map(({ a, b }) => (a === b ? 0.5 : winningChance(verdicts[at++])));
}

function logit(chance: number): number {
  const p = Math.min(Math.max(chance, NEAREST), 1 - NEAREST);
  return Math.log(p / (1 - p));
}

/**
 * The chance that answer a wins. Of a token judge: the mean over questions of half of pA / (pA + pB) with a shown first plus pB / (pA + pB)
 * with b shown first, so each order counts the same whatever mass its verdicts have; of others, and of a calibrated verdict, their probability. NaN
 * without a verdict.
 */
export function winningChance(verdict: Verdict): number {
  if (verdict.winner === null) return NaN;
  const evidence = verdict.isCalibrated ? undefined : tokenEvidence(verdict);
  if (evidence === undefined) return verdict.probability;
  return mean(
    evidence.votes.flatMap(({ orders: [ab, ba] }) => [ab.pA / (ab.pA + ab.pB), ba.pB / (ba.pA + ba.pB)]),
  );
}
