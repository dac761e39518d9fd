import type { Json } from './hfValues.js';
import type { TensorToWrite } from './files/writeSafetensors.js';

/** The folder of transformers' that a model was read from, as far as it is written back: what the model computes with is not. */
export interface Origin {
  /** config.json. */
  config: Json;
  /** What the file calls a tensor of the model. */
  nameOf(name: string): string;
  /** Tensors of parts that are not computed, as of a vision tower, as the folder has them. */
  beside: readonly TensorToWrite[];
}
