import type { Difference } from './readBack.js';

/** What was written, after it was read again. */
export interface MergeResult {
  outputDir: string;
  /** Names of the files of weights. */
  files: string[];
  /** Of the files of weights together. */
  bytes: number;
  /** What most weights are stored as. */
  stored: string;
  /** Of all weights, as they were written and as they were read again. */
  fingerprint: string;
  /** Of what it says of three texts and what was merged says: log-probabilities of tokens in nats, or rewards. */
  difference: Difference & { of: 'log-probabilities' | 'rewards'; computedIn: 'float32' | 'bf16' };
  /** What is worth knowing. */
  notes: string[];
  /** What to type to use it. */
  next: string[];
}
