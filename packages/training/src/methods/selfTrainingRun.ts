import type { Tokenizer } from '@selfjudge/text';
import type { Judge } from '@selfjudge/judging';
import type { AdamW } from '../optimizer/adamw.js';
import type { SelfTrainingOptions } from '../options/options.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';

/** What the steps of self-training work with, and the signal that chooses among their policies. */
export interface SelfTraining {
  trainable: PreferenceTrainable;
  /** The frozen start as judge. */
  judge: Judge;
  tokenizer: Tokenizer;
  optimizer: AdamW;
  options: SelfTrainingOptions;
}
