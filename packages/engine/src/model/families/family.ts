import type { ModelConfig } from '../config.js';
import type { GgufValues } from '../ggufValues.js';
import type { HfValues, Json } from '../hfValues.js';

/** What transformers takes where config.json says nothing. */
export interface Defaults {
  /** Absent: as many as `heads`. null in a file means that in every family. */
  kvHeads?: number;
  /** Absent: hidden size / heads. */
  headDim?: number;
  maxPositions: number;
  ropeTheta: number;
  rmsNormEps: number;
  tied: boolean;
  /** original_max_position_embeddings. Absent: the context. */
  originalMaxPositions?: number;
}

/** Rotary embedding of two kinds of layers, where a family has them: transformers' full_attention and sliding_attention. */
export interface LayerRopes {
  /** Bases of angles where config.json says nothing. */
  global: number;
  local: number;
  /** The key of that of sliding layers in files of transformers 4. */
  localKey?: string;
}

/** How llama.cpp's files hold a family. */
export interface GgufFamily {
  /** general.architecture, and the prefix of its keys. */
  architecture: string;
  /**
   * llama.cpp rotates neighbours (2i, 2i + 1) and stores the rows of q and k in that order, where transformers, and our
   * rope, rotate (i, i + d/2).
   */
  permuted: boolean;
  /** Whether a file of this architecture is of this family, where several share it. */
  is?(values: GgufValues): boolean;
  /** What its keys say beyond those that all have. */
  read?(values: GgufValues, config: ModelConfig): Partial<ModelConfig>;
  /** The same keys, without their prefix, as they are written. */
  write?(config: ModelConfig): [key: string, value: number | boolean | readonly boolean[]][];
  /** What of a config llama.cpp is known to do without, and what that means for whoever uses the file. */
  unsaid?: Partial<Record<keyof ModelConfig, string>>;
}

/**
 * A family of models: what its files say and are named, and what all its models are like. Everything that computing takes
 * goes into `ModelConfig`; only files know families.
 */
export interface Family {
  /** transformers' model_type. */
  name: string;
  /** As people call it. */
  title: string;
  /** transformers' classes: for text, and for sequence classification where there is one. */
  classes: { text: string; score?: string };
  /** What its models have in common, beyond Llama. */
  traits: Pick<ModelConfig, 'normPlacement' | 'normOffset' | 'qkNorm' | 'activation' | 'qkvBias'>;
  defaults: Defaults;
  /** Keys of config.json that turn biases on: of q, k, v and o, and of the MLP. */
  biases: readonly ('attention_bias' | 'mlp_bias')[];
  /** The key that names the activation. Default 'hidden_act'. */
  activationKey?: string;
  /** q, k and v are one matrix of its files, qkv_proj, and gate and up are another, gate_up_proj. */
  fused?: true;
  /** Its layers that slide rotate by a table of their own. */
  layerRopes?: LayerRopes;
  /** Its rope may turn a part of a head's dimensions, partial_rotary_factor. */
  partialRope?: true;
  /** Other words of its files for longrope. */
  longropeWords?: readonly string[];
  /** Further keys of its rope dictionary, as they are written anew; what they mean is for `read` to see to. */
  ropeExtras?: Json;
  /** Keys of its own, and what they mean; `config` has what all families have in common. */
  read?(values: HfValues, config: ModelConfig): Partial<ModelConfig>;
  /** The same keys as they are written. */
  write?(config: ModelConfig): Json;
  gguf?: GgufFamily;
}
