import type { Tokenizer } from '@selfjudge/text';
import type { Device } from '../tensor/device.js';
import type { Vector } from '../tensor/vector.js';
import type { Weight } from '../tensor/weight.js';
import type { BlockNorm, LinearName, ModelConfig } from './config.js';
import type { Origin } from './origin.js';
import type { ParameterSet } from './parameterSet.js';
import type { Rotary } from './rotary.js';

export interface NamedParameter {
  name: string;
  shape: number[];
  weight: Weight | Vector;
}

export interface Linear {
  weight: Weight;
  bias?: Vector;
}

/** One block of the model. */
export interface Layer {
  /** Those that the model's placement of norms has. */
  norms: Readonly<Partial<Record<BlockNorm, Vector>>>;
  linears: Record<LinearName, Linear>;
  /** Of queries and keys, where the model has them: [headDim], or [heads headDim] and [kvHeads headDim]. */
  queryNorm?: Vector;
  keyNorm?: Vector;
}

/** A model's weights and what it takes to compute with them: all that adapters, views and a forward pass know of it. */
export interface ModelWeights {
  readonly config: ModelConfig;
  readonly device: Device;
  readonly dtype: 'float32' | 'bf16';
  readonly tokenizer?: Tokenizer;
  /** Where it was loaded from or last saved to, as it was given: what an adapter names as its base. */
  readonly source?: string;
  /**
   * Of the weights as they were loaded, 32 hexadecimal digits (see `Fingerprint`); training does not change it. Absent of
   * copies and of what was made here.
   */
  readonly fingerprint?: string;
  /** Of the folder it was read from, what is written back with it. */
  readonly origin?: Origin;
  /** Embeddings [vocabSize, hiddenSize]. */
  readonly table: Weight;
  /** [vocabSize, hiddenSize]; the table itself when tied. */
  readonly head: Weight;
  readonly norm: Vector;
  readonly layers: readonly Layer[];
  readonly rotary: Rotary;
  /** Set while the weights are trained. */
  readonly parameterSet: ParameterSet | undefined;
  /** Every tensor under transformers' name, in the order of the forward pass. */
  parameters(): Iterable<NamedParameter>;
}
