import { ArgumentError, Random } from '@selfjudge/base';
import type { Text } from '@selfjudge/data';
import { neighbours, nextRound } from './knockout.js';
import { consult, type CompareOptions, type Judge } from './judge.js';
import type { JudgePair } from './pair.js';
import type { Verdict } from './verdict.js';

/** Candidates are named by their index. */
export interface Match {
  a: number;
  b: number;
  winner: number;
  /** Absent where the two answers are the same text: there is nothing to judge. */
  verdict?: Verdict;
}

export interface Round {
  matches: Match[];
  /** The candidate without an opponent, in rounds of an odd number; it plays the first match of the next. */
  bye?: number;
}

export interface Tournament {
  winner: number;
  rounds: Round[];
}

/**
 * Knock-out rounds among the candidates of each prompt, after a seeded shuffle: neighbours meet, the odd one out gets a
 * bye and plays first in the next round, so none has two; winners go on until one is left (n - 1 matches). A tie, a null
 * verdict and equal answers let the first of the two go on, which the shuffle makes fair. The rounds of all prompts are
 * judged together.
 *
 * @param seed keys the shuffle, with the prompt's index.
 * @throws ArgumentError for a prompt without candidates
 */
export async function tournament(
  entries: readonly { prompt: Text; candidates: readonly string[] }[],
  judge: Judge,
  seed: number,
  judging: CompareOptions = {},
): Promise<Tournament[]> {
  const fields = entries.map(({ prompt, candidates }, index) => {
    if (candidates.length === 0) {
      throw new ArgumentError(`entries[${index}].candidates`, {
        where: 'tournament',
        expected: 'at least one candidate',
        received: 'none',
      });
    }
    const indices = Array.from(candidates, (_, i) => i);
    return { prompt, candidates, left: new Random(seed, index).shuffled(indices), rounds: [] as Round[] };
  });
  while (fields.some(({ left }) => left.length > 1)) {
    const open: { match: Match; pair: JudgePair }[] = [];
    const playing = fields.filter(({ left }) => left.length > 1);
    for (const { prompt, candidates, left, rounds } of playing) {
      const { pairs, bye } = neighbours(left);
      const matches = pairs.map(([a, b]): Match => ({ a, b, winner: a }));
      for (const match of matches) {
        const [a, b] = [candidates[match.a], candidates[match.b]];
        if (a !== b) open.push({ match, pair: { prompt, a, b } });
      }
      rounds.push({ matches, ...(bye !== undefined && { bye }) });
    }
    const asked = open.map(({ pair }) => pair);
    const verdicts = await consult(judge, asked, 'tournament', judging);
    open.forEach(({ match }, i) => {
      match.verdict = verdicts[i];
      if (verdicts[i].winner === 'b') match.winner = match.b;
    });
    for (const field of playing) {
      const round = field.rounds[field.rounds.length - 1];
      const winners = round.matches.map(({ winner }) => winner);
      field.left = nextRound(winners, round);
    }
  }
  return fields.map(({ left, rounds }) => ({ winner: left[0], rounds }));
}
