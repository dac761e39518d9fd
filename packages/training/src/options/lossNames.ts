/** Losses on pairs, by TRL's names; `plackett_luce`, which TRL has not, by its own. */
export const LOSS_TYPES = [
  'sigmoid',
  'hinge',
  'ipo',
  'robust',
  'exo_pair',
  'nca_pair',
  'bco_pair',
  'sppo_hard',
  'aot',
  'aot_unpaired',
  'apo_zero',
  'apo_down',
  'discopop',
  'sigmoid_norm',
  'sft',
  'simpo',
  'orpo',
  'cpo',
  'plackett_luce',
] as const;
export type LossType = (typeof LOSS_TYPES)[number];

/** Options that some losses read and others do not. */
export const LOSS_OPTIONS = [
  'beta',
  'labelSmoothing',
  'logpReduction',
  'discopopTau',
  'simpoGamma',
  'cpoAlpha',
] as const;
export type LossOption = (typeof LOSS_OPTIONS)[number];
