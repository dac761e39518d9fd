import type { SampledAnswer } from '@selfjudge/engine';
import type { Random } from '@selfjudge/base';
import { neighbours, nextRound } from '@selfjudge/judging/internal';
import type { Contest, TokenizedPrompt } from './contest.js';

/** How answers to one prompt become pairs: neighbours of one round, or the matches of a whole knock-out tournament. */
export type Pairing = 'first_round' | 'tournament';

/** Pairs that a prompt with so many answers gives at most. */
export const pairsAmong = (answers: number, pairing: Pairing): number =>
  pairing === 'tournament' ? answers - 1 : Math.floor(answers / 2);

/** Settles one pair a prompt. */
type Settle = (prompts: TokenizedPrompt[], pairs: [SampledAnswer, SampledAnswer][]) => Promise<Contest[]>;

/**
 * Pairs answers after a shuffle (first-round and tournament ranking of arXiv 2309.06657, section 3.2): neighbours meet, and in a
 * tournament winners go on until one is left. Who has no opponent plays first in the next round; where nobody won the
 * first of the two goes on. The rounds of all prompts are settled together.
 *
 * @returns of each entry its contests, the first round first
 */
export async function rankedPairs(
  entries: readonly { prompt: TokenizedPrompt; answers: readonly SampledAnswer[]; random: Random }[],
  pairing: Pairing,
  settle: Settle,
): Promise<Contest[][]> {
  const fields = entries.map(({ prompt, answers, random }) => ({
    prompt,
    left: random.shuffled(answers),
    contests: [] as Contest[],
  }));
  const rounds = pairing === 'tournament' ? Infinity : 1;
  for (let round = 0; round < rounds && fields.some(({ left }) => left.length > 1); round++) {
    const rows = fields.map((field) => ({
      field,
      row: neighbours(field.left),
      winners: [] as SampledAnswer[],
    }));
    const open = rows.flatMap((of) => of.row.pairs.map((pair) => ({ of, pair })));
    const settled = await settle(
      open.map(({ of }) => of.field.prompt),
      open.map(({ pair }) => pair),
    );
    open.forEach(({ of, pair }, i) => {
      of.field.contests.push(settled[i]);
      of.winners.push(pair[settled[i].winner === 'b' ? 1 : 0]);
    });
    for (const { field, row, winners } of rows) field.left = nextRound(winners, row);
  }
  return fields.map(({ contests }) => contests);
}
