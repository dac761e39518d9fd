/** transformers' names. `constant` alone does not warm up. */
export const LR_SCHEDULERS = [
  'constant',
  'constant_with_warmup',
  'linear',
  'cosine',
  'cosine_with_min_lr',
  'cosine_with_restarts',
  'polynomial',
] as const;
export type LrSchedulerType = (typeof LR_SCHEDULERS)[number];
