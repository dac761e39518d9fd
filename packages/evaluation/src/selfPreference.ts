import type { Estimate } from './estimate.js';
import { pointsOf, type Better } from './points.js';
import type { LabelledPair } from './trustPair.js';
import { share } from './verdictSummary.js';

/** How a judge treats answers of its own (Panickssery et al., arXiv 2404.13076). */
export interface SelfPreference {
  /** Of pairs that people call equal, how often its own answer wins, a tie half: 0.5 without self-preference. */
  equal: Estimate;
  /** Of all labelled pairs with one answer of its own, how often that wins, a tie half: by the judge, and by the labels. */
  judge: Estimate;
  labels: Estimate;
}

/** @param own who the judge is, as the pairs name who wrote their answers. */
export function selfPreference(pairs: readonly LabelledPair[], own: string): SelfPreference {
  const mine = pairs.flatMap((pair) => {
    const { writers: [a, b] = [] } = pair;
    return (a === own) === (b === own) ? [] : [{ ...pair, side: (a === own ? 'a' : 'b') as Better }];
  });
  const wins = (of: typeof mine, said: 'winner' | 'label') =>
    share(of.map((pair) => pointsOf(pair[said], pair.side)));
  return {
    equal: wins(
      mine.filter(({ label }) => label === 'tie'),
      'winner',
    ),
    judge: wins(mine, 'winner'),
    labels: wins(mine, 'label'),
  };
}
