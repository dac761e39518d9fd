import { mean } from '@selfjudge/base/internal';
import type { Contest, Contestant } from './contest.js';
import type { Answer } from './tokenPair.js';

/** Answers to one prompt, ranked. */
export interface Ranking {
  id: string;
  prompt: number[];
  /** At least two, the best first; answers of one tier are as good as each other. */
  tiers: Answer[][];
}

/**
 * Ranks `count` answers to a prompt by the share of their contests that they won, a tie counting half: a round robin. Equal
 * shares are a tie of the ranking, as those of a judge that says a over b, b over c and c over a.
 *
 * Equal answers stand in it once. An answer of no contest that was decided (cut, or without a verdict) has no place in it.
 * @param contests every two of the answers, in the order 0-1, 0-2, ..., 1-2, ...
 * @returns undefined where no answer is above another
 */
export function rankingOf(contests: readonly Contest[], count: number): Ranking | undefined {
  const answers = [contests[0].a, ...contests.slice(0, count - 1).map(({ b }) => b)];
  const places = answers.flatMap((_, i) => answers.slice(i + 1).map((_, k) => [i, i + 1 + k] as const));
  const copies = new Set(places.filter((_, n) => contests[n].fate === 'equal').map(([, j]) => j));
  const points = answers.map((): number[] => []);
  places.forEach(([i, j], n) => {
    const { fate, winner } = contests[n];
    if (copies.has(i) || copies.has(j) || (fate !== 'pair' && fate !== 'tie')) return;
    const won = fate === 'tie' ? 0.5 : Number(winner === 'a');
    points[i].push(won);
    points[j].push(1 - won);
  });
  const shares = points.map(mean);
  const known = [...new Set(shares.filter((share) => !Number.isNaN(share)))].sort((x, y) => y - x);
  if (known.length < 2) return undefined;
  const { prompt } = contests[0];
  const tier = (share: number): Contestant[] => answers.filter((_, i) => shares[i] === share);
  return { id: prompt.id, prompt: prompt.tokens, tiers: known.map(tier) };
}
