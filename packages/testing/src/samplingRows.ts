import type { LinearSampleOptions } from '@selfjudge/engine';
import { toBf16 } from './case.js';
import { Random } from './random.js';

export const vocabulary = 49_152;

/** Stored logits, float32 [vocabulary] each, their likeliest ids anywhere. */
export const samplingRows = {
  /** Probability falls with the rank as words do in text (Zipf), a little off it, no two equal. */
  zipf: shuffled((rank, random) => -1.1 * Math.log(1 + rank) + 0.05 * random.normal()),
  /** The same in bf16, where many are equal. */
  rounded: shuffled((rank, random) => toBf16(-1.1 * Math.log(1 + rank) + 0.05 * random.normal())),
  /** A few tokens hold nearly everything; from rank 50 on a weight is under 2^-32. */
  steep: shuffled((rank) => -0.5 * rank),
  flat: new Float32Array(vocabulary).fill(0.25),
  /** Thirty ids of each value. */
  ties: shuffled((rank) => -0.4 * Math.floor(rank / 30)),
};
export type SamplingRow = keyof typeof samplingRows;

export const samplingCases: [row: SamplingRow, options: LinearSampleOptions][] = [
  ['zipf', {}],
  ['zipf', { temperature: 0.5 }],
  ['zipf', { temperature: 1.3 }],
  ['zipf', { topK: 50 }],
  ['zipf', { topP: 0.87 }],
  ['zipf', { minP: 0.013 }],
  ['zipf', { temperature: 1.3, topK: 1000, topP: 0.9, minP: 0.003 }],
  ['rounded', { temperature: 0.5, topK: 777, topP: 0.95 }],
  ['steep', { temperature: 1.3 }],
  ['flat', {}],
  ['ties', { topK: 75 }],
  ['ties', { temperature: 1.3, topP: 0.81 }],
];

/** logit(rank), ranks in random order. */
function shuffled(logit: (rank: number, random: Random) => number): Float32Array {
  const random = new Random(String(logit));
  const row = Float32Array.from({ length: vocabulary }, (_, rank) => logit(rank, random));
  for (let i = vocabulary - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [row[i], row[j]] = [row[j], row[i]];
  }
  return row;
}
