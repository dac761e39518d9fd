import { shareOut, type Ranks } from '@selfjudge/engine/internal';
import { isScorerJudge, type ScorerJudge } from './fromScorer.js';
import type { Judge } from './judge.js';

/** A judge that all ranks ask about the same pairs: each has its part judged, and all have all verdicts. */
export function sharedJudge(judge: Judge, ranks: Ranks): Judge {
  if (ranks.size === 1) return judge;
  const shared: Judge = {
    compare: (pairs, options) => shareOut(ranks, pairs, (part) => judge.compare(part, options)),
  };
  if (!isScorerJudge(judge)) return shared;
  const { scorer } = judge;
  const score: ScorerJudge['scorer']['score'] = (answers, options) =>
    shareOut(ranks, answers, (part) => scorer.score(part, options));
  return Object.assign(shared, { scorer: { ...scorer, score } });
}
