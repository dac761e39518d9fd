import { ArgumentError, mean } from '@selfjudge/base';
import { check, list, text } from '@selfjudge/base/checks';
import { prompt as isPrompt } from '@selfjudge/text/checks';
import type { Text } from '@selfjudge/data';
import { judgeBehaviour, type JudgeBehaviour, type Verdict } from '@selfjudge/judging';
import { isJudge, isWinner, manyLengths } from './checks.js';
import { wilson, type Estimate } from './estimate.js';
import type { PairJudge } from './judgeAgreement.js';
import { lengthControlled } from './lengthControl.js';

/** One system's answers against another's, on the same prompts. Lengths are in characters. */
export interface WinRate {
  /** (wins + ties / 2) / n, of a; n leaves null verdicts out. */
  rate: Estimate;
  wins: number;
  losses: number;
  ties: number;
  /** Null verdicts. */
  errors: number;
  /** The rate if answers were equally long. */
  lengthControlled: Estimate;
  /** What a judge that always names the longer answer would say. */
  alwaysLonger: Estimate;
  meanLength: { a: number; b: number };
  behaviour: JudgeBehaviour;
}

const winRateArguments = {
  judge: isJudge,
  prompts: list(isPrompt),
  answersA: list(text),
  answersB: list(text),
};

/**
 * Asks `judge` whose answer to each prompt is better. Equal answers are ties and are not asked about.
 * @throws ArgumentError unless there is one answer a prompt from both
 */
export async function winRate(
  judge: PairJudge,
  prompts: readonly Text[],
  answersA: readonly string[],
  answersB: readonly string[],
): Promise<WinRate> {
  check('winRate', { judge, prompts, answersA, answersB }, winRateArguments);
  for (const [what, answers] of Object.entries({ answersA, answersB })) {
    if (answers.length === prompts.length) continue;
    throw new ArgumentError(what, {
      where: 'winRate',
      expected: `${prompts.length} answers, one a prompt`,
      received: answers.length,
    });
  }
  const asked = prompts.flatMap((_, i) => (answersA[i] === answersB[i] ? [] : [i]));
  const verdicts = await judge.compare(
    asked.map((i) => ({ prompt: prompts[i], a: answersA[i], b: answersB[i] })),
  );
  const winners = prompts.map((): Verdict['winner'] => 'tie');
  asked.forEach((index, i) => (winners[index] = verdicts[i].winner));
  const lengths = prompts.map((_, i): [number, number] => [answersA[i].length, answersB[i].length]);
  return {
    ...winRateOf(winners, lengths),
    behaviour: judgeBehaviour(
      verdicts,
      asked.map((i) => lengths[i]),
    ),
  };
}

/** The win rate of a from verdicts that are already there. */
export function winRateOf(
  winners: readonly Verdict['winner'][],
  lengths: readonly (readonly [a: number, b: number])[],
): Omit<WinRate, 'behaviour'> {
  check('winRateOf', { winners }, { winners: list(isWinner) });
  check('winRateOf', { lengths }, { lengths: manyLengths(winners.length) });
  const valid = winners.flatMap((winner, i) => {
    if (winner === null) return [];
    const [lengthA, lengthB] = lengths[i];
    return [{ points: winner === 'a' ? 1 : winner === 'b' ? 0 : 0.5, lengthA, lengthB }];
  });
  const count = (points: number) => valid.filter((outcome) => outcome.points === points).length;
  const sum = (points: number[]) => points.reduce((total, x) => total + x, 0);
  const longer = valid.map(({ lengthA, lengthB }) => (Math.sign(lengthA - lengthB) + 1) / 2);
  return {
    rate: wilson(sum(valid.map(({ points }) => points)), valid.length),
    wins: count(1),
    losses: count(0),
    ties: count(0.5),
    errors: winners.length - valid.length,
    lengthControlled: lengthControlled(valid),
    alwaysLonger: wilson(sum(longer), valid.length),
    meanLength: { a: mean(lengths.map(([a]) => a)), b: mean(lengths.map(([, b]) => b)) },
  };
}
