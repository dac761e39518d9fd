import { mean } from '@selfjudge/base/internal';
import type { Estimate } from './estimate.js';
import { alwaysFirst, alwaysLonger, lengthTrust, type LengthTrust } from './lengthTrust.js';
import { marginTrust, type MarginGroup } from './marginTrust.js';
import { peopleTrust, type PeopleTrust } from './peopleTrust.js';
import { reliabilityOf, type Reliability } from './reliability.js';
import { selfPreference, type SelfPreference } from './selfPreference.js';
import { labelledOf, type LabelledPair, type TrustPair } from './trustPair.js';
import { verdictSummary, type VerdictSummary } from './verdictSummary.js';

/** How far the probabilities of a judge can be believed, on pairs with a better answer. */
export interface Calibration extends Reliability {
  /** Mean of (probability that a is better - whether it is)^2 (Brier, 1950): 0.25 of a judge that always says 0.5. */
  brier: number;
  pairs: number;
}

/** How far a judge can be trusted, from pairs whose better answer is known. What there is nothing to tell from is absent. */
export interface JudgeTrust extends VerdictSummary {
  pairs: number;
  /** What two rules that read no answer would score on the same pairs. */
  alwaysLonger?: Estimate;
  alwaysFirst?: Estimate;
  length?: LengthTrust;
  self?: SelfPreference;
  calibration?: Calibration;
  byMargin?: MarginGroup[];
  people?: PeopleTrust;
}

/** @param own who the judge is among those who wrote the answers. */
export function judgeTrust(pairs: readonly TrustPair[], own?: string): JudgeTrust {
  const labelled = labelledOf(pairs);
  const first = alwaysFirst(labelled);
  const people = peopleTrust(pairs);
  const calibration = calibrationOf(labelled);
  return {
    pairs: pairs.length,
    ...verdictSummary(pairs),
    ...(labelled.length > 0 && {
      alwaysLonger: alwaysLonger(labelled),
      ...(first !== undefined && { alwaysFirst: first }),
      length: lengthTrust(labelled),
      ...(own !== undefined && { self: selfPreference(labelled, own) }),
      ...(calibration !== undefined && { calibration }),
      byMargin: marginTrust(labelled),
    }),
    ...(people !== undefined && { people }),
  };
}

/** Of the probability alone: several principles may outvote it. @returns undefined where no pair has a better answer */
function calibrationOf(pairs: readonly LabelledPair[]): Calibration | undefined {
  const decided = pairs
    .filter(({ label }) => label !== 'tie')
    .map(({ verdict: { probability }, label }) => ({ probability, isA: Number(label === 'a') }));
  if (decided.length === 0) return undefined;
  const answers = decided.map(({ probability, isA }, group) => ({
    group,
    confidence: Math.max(probability, 1 - probability),
    right: probability === 0.5 ? 0.5 : Number(probability > 0.5 === (isA === 1)),
  }));
  return {
    pairs: decided.length,
    brier: mean(decided.map(({ probability, isA }) => (probability - isA) ** 2)),
    ...reliabilityOf(answers),
  };
}
