import type { Tokenizer } from '@selfjudge/text';
import type { ModelConfig } from './config.js';
import type { HostTensor } from './files/safetensors.js';

/** Where a model's tensors come from, under transformers' names and in its order of rows. */
export interface ModelSource {
  /** Named in errors. */
  path: string;
  config: ModelConfig;
  /** How most of the weights are stored; quantised ones count as bf16. */
  dtype: 'float32' | 'bf16';
  read(name: string): HostTensor;
  tokenizer(): Promise<Tokenizer | undefined>;
}
