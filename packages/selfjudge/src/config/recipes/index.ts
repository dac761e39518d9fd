import { AXOLOTL } from './axolotl.js';
import { LLAMA_FACTORY } from './llamaFactory.js';
import { anyway, type Meaning, type Meanings } from './meaning.js';
import { TRANSFORMERS } from './transformers.js';
import { TRL } from './trl.js';

export type { Outcome, Recipe } from './meaning.js';

const MEANINGS: Meanings = { ...AXOLOTL, ...LLAMA_FACTORY, ...TRL, ...TRANSFORMERS };

/** Of services and methods that are switched on by a key of their own, which has its meaning above. */
const FAMILIES =
  /^(vllm|sglang|hub|swanlab|wandb|mlflow|comet|trackio|galore|qgalore|apollo|badam|dion|liger|fsdp|ddp|kt|ray|ppo|lisa|otel|gradio|export|jagged|image|video|audio|bench|generation|pretrain|sample_packing|profiler|tiled_mlp|fp8|relora)(_|$)/;

/** What a key of another tool's recipe means here; undefined for one that nobody knows. */
export function meaningOf(key: string): Meaning | undefined {
  if (Object.hasOwn(MEANINGS, key)) return MEANINGS[key];
  return FAMILIES.test(key) ? anyway('read with a service or a method that is not here') : undefined;
}

/** Keys of other tools that are known by name. */
export const RECIPE_KEYS: readonly string[] = Object.keys(MEANINGS);

/** TRL's two factors of the batch: their product is `train_batch_size`. One that is not given counts as 1. */
export const BATCH_FACTORS: readonly string[] = [
  'per_device_train_batch_size',
  'gradient_accumulation_steps',
];
