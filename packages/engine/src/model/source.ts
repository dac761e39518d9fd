import type { Tokenizer } from '@selfjudge/text';
import type { Device } from '../tensor/device.js';
import type { ModelConfig } from './config.js';
import type { HostTensor } from './files/safetensors.js';
import type { RowRange } from './files/rows.js';
import type { Origin } from './origin.js';

/** What files of transformers' store weights as. */
export type StoredDtype = 'float32' | 'float16' | 'bf16';

/** Where a model's tensors come from, under transformers' names and in its order of rows. */
export interface ModelSource {
  /** Named in errors. */
  path: string;
  config: ModelConfig;
  /** How most of the weights are stored; quantised ones count as bf16. */
  dtype: 'float32' | 'bf16';
  /** The same where float16 counts as itself; quantised weights of a GGUF file as bf16. */
  stored: StoredDtype;
  /** What most of the weights are packed in, where they are: 'Q4_K', 'bitsandbytes 4-bit'. */
  packed?: string;
  /** @param rows all by default */
  read(name: string, rows?: RowRange): HostTensor;
  tokenizer(): Promise<Tokenizer | undefined>;
  /** Of a folder of transformers': what is written back with the model. */
  origin?: Origin;
  /** Of a sequence classification, its head `score.weight` [labels, hiddenSize]. */
  score?(): HostTensor;
}

/** The same where a tensor may first have to be computed on the device that the model is for. */
export interface LoadableSource extends Omit<ModelSource, 'read'> {
  read(name: string, rows: RowRange | undefined, device: Device): HostTensor | Promise<HostTensor>;
}
