/**
 * What arXiv 2402.11253 and its code train both supervised stages with: global batches of 128 rows (half of them pairs in
 * two orders here). Meant for 7B models on eight GPUs; small runs hardly move with them.
 */
export const paperSupervised = {
  learningRate: 2e-5,
  lrSchedulerType: 'cosine',
  warmupRatio: 0.03,
  numTrainEpochs: 1,
  trainBatchSize: 64,
  maxLength: 2048,
  trainOn: 'all',
} as const;
