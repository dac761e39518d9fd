import type { SampledAnswer } from '@selfjudge/engine';
import type { Random } from '@selfjudge/base';
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
    const open = fields.flatMap((field) => neighbours(field.left).map((pair) => ({ field, pair })));
    const settled = await settle(
      open.map(({ field }) => field.prompt),
      open.map(({ pair }) => pair),
    );
    for (const field of fields) field.left = field.left.length % 2 === 1 ? field.left.slice(-1) : [];
    open.forEach(({ field, pair }, i) => {
      field.contests.push(settled[i]);
      field.left.push(pair[settled[i].winner === 'b' ? 1 : 0]);
    });
  }
  return fields.map(({ contests }) => contests);
}

const neighbours = <T>(all: readonly T[]): [T, T][] =>
  Array.from({ length: Math.floor(all.length / 2) }, (_, i) => [all[2 * i], all[2 * i + 1]]);
