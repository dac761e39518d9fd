import { ArgumentError } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import type { Text } from '@selfjudge/data';
import type { Judge, JudgeBehaviour, Verdict } from '@selfjudge/judging';
import { consult, judgeBehaviour } from '@selfjudge/judging/internal';
import { wilson, type Estimate } from './estimate.js';
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
  /** Of each prompt, in its order. */
  winners: Verdict['winner'][];
}

/**
 * Asks `judge` whose answer to each prompt is better. Equal answers are ties and are not asked about.
 * @throws ArgumentError unless there is one answer a prompt from both
 */
export async function winRate(
  judge: Judge,
  prompts: readonly Text[],
  answersA: readonly string[],
  answersB: readonly string[],
): Promise<WinRate> {
  for (const [what, answers] of Object.entries({ answersA, answersB })) {
    if (answers.length === prompts.length) continue;
    throw new ArgumentError(what, {
      where: 'winRate',
      expected: `${prompts.length} answers, one a prompt`,
      received: answers.length,
    });
  }
  const asked = prompts.flatMap((_, i) => (answersA[i] === answersB[i] ? [] : [i]));
  const pairs = asked.map((i) => ({ prompt: prompts[i], a: answersA[i], b: answersB[i] }));
  const verdicts = await consult(judge, pairs, 'winRate');
  const winners = prompts.map((): Verdict['winner'] => 'tie');
  asked.forEach((index, i) => (winners[index] = verdicts[i].winner));
  const lengths = prompts.map((_, i): [number, number] => [answersA[i].length, answersB[i].length]);
  return {
    ...winRateOf(winners, lengths),
    behaviour: judgeBehaviour(
      verdicts,
      asked.map((i) => lengths[i]),
    ),
    winners,
  };
}

/** The win rate of a from verdicts that are already there. */
export function winRateOf(
  winners: readonly Verdict['winner'][],
  lengths: readonly (readonly [a: number, b: number])[],
): Omit<WinRate, 'behaviour' | 'winners'> {
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
