import { flagField, numberField } from '@selfjudge/base/fields';

export const rewardFields = {
  /** How strongly rewards are drawn to a mean of 0 (arXiv 2312.09244); 0.01 is usual. */
  centerRewardsCoefficient: numberField(
    0,
    { min: 0 },
    'how strongly rewards are drawn to a mean of 0: 0.01 is usual, 0 for not at all',
  ),
  /** A pair's two rewards then differ by the answers alone. */
  disableDropout: flagField(true, "no dropout while training, whatever the adapter's own"),
};
