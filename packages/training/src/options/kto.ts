import { numberField, type OptionsOf } from '@selfjudge/base/fields';

export const ktoFields = {
  /** How strongly the policy is held to the reference. */
  beta: numberField(0.1, { above: 0 }, 'how strongly the policy is held to the reference'),
  desirableWeight: numberField(1, { above: 0 }, 'weight of answers whose label is true'),
  undesirableWeight: numberField(1, { above: 0 }, 'weight of answers whose label is false'),
};
export type KtoLossOptions = OptionsOf<typeof ktoFields>;
