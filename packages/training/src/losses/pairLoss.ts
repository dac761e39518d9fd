import type { PreferenceOptions } from '../options/preference.js';
import type { LossOption } from '../options/lossNames.js';

/** The loss of a pair, with what it changes by. */
export interface PairLoss {
  /** In nats; of the squares (ipo, sppo_hard) nats squared. */
  value: number;
  /** d value / d (what the loss sees of the chosen answer). */
  dChosen: number;
  dRejected: number;
}

/** What losses read beside log-probabilities. */
export type LossParameters = Pick<PreferenceOptions, LossOption>;

/**
 * A loss of one pair. `chosen` and `rejected` are log-probabilities of whole answers in nats, sums or means over their
 * tokens; less the reference's where the loss has one.
 */
export type PreferenceLoss = (chosen: number, rejected: number, p: LossParameters) => PairLoss;

/** A loss that sees the pair through d = chosen - rejected alone: equal answers have no gradient, to the bit. */
export const ofDifference =
  (loss: (d: number, p: LossParameters) => [value: number, slope: number]): PreferenceLoss =>
  (chosen, rejected, p) => {
    const [value, slope] = loss(chosen - rejected, p);
    return { value, dChosen: slope, dRejected: -slope };
  };
