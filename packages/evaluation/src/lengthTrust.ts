import type { Estimate } from './estimate.js';
import { pointsOf } from './points.js';
import type { LabelledPair } from './trustPair.js';
import { share } from './verdictSummary.js';

/** Answers are about equally long where they differ by at most this share of the longer one. */
const NEAR = 0.1;

/** What the lengths of answers have to do with a judge's verdicts. */
export interface LengthTrust {
  /** Accuracy where the better answer is the longer one, and where it is the shorter: equal without length bias. */
  longerBetter: Estimate;
  shorterBetter: Estimate;
  /** Accuracy where the lengths differ by at most a tenth of the longer: what is left of a judge that goes by length. */
  near: Estimate;
  /** Of decided pairs of different length, how often the longer answer wins: by the judge, and by the labels. */
  longerWins: Estimate;
  longerLabelled: Estimate;
}

export function lengthTrust(pairs: readonly LabelledPair[]): LengthTrust {
  const longerIs = ({ lengths: [a, b] }: LabelledPair) => (a === b ? undefined : a > b ? 'a' : 'b');
  const right = (of: (pair: LabelledPair) => boolean) =>
    share(pairs.filter(of).map(({ winner, label }) => pointsOf(winner, label)));
  const longer = (said: 'winner' | 'label') =>
    share(
      pairs
        .filter((pair) => longerIs(pair) !== undefined && pair[said] !== 'tie')
        .map((pair) => Number(pair[said] === longerIs(pair))),
    );
  return {
    longerBetter: right((pair) => pair.label === longerIs(pair)),
    shorterBetter: right(
      (pair) => pair.label !== 'tie' && longerIs(pair) !== undefined && pair.label !== longerIs(pair),
    ),
    near: right(({ lengths: [a, b] }) => Math.abs(a - b) <= NEAR * Math.max(a, b)),
    longerWins: longer('winner'),
    longerLabelled: longer('label'),
  };
}

/** What a judge that always names the longer answer would score on the same pairs; equal lengths are a tie to it. */
export const alwaysLonger = (pairs: readonly LabelledPair[]): Estimate =>
  share(pairs.map(({ lengths: [a, b], label }) => pointsOf(a === b ? 'tie' : a > b ? 'a' : 'b', label)));

/** What a judge that always names the file's first answer would score; absent where the order is what labels them. */
export function alwaysFirst(pairs: readonly LabelledPair[]): Estimate | undefined {
  const told = pairs.filter(({ ordered }) => ordered !== true);
  return told.length === 0 ? undefined : share(told.map(({ label }) => pointsOf('a', label)));
}
