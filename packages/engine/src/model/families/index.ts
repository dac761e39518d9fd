import type { Family } from './family.js';
import { gemma3 } from './gemma3.js';
import { granite } from './granite.js';
import { llama } from './llama.js';
import { ministral } from './ministral.js';
import { ministral3 } from './ministral3.js';
import { mistral } from './mistral.js';
import { olmo2 } from './olmo2.js';
import { olmo3 } from './olmo3.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';

export type { Family } from './family.js';

/** All that are read, computed and written. */
export const FAMILIES: readonly Family[] = [
  llama,
  mistral,
  ministral,
  ministral3,
  qwen2,
  qwen3,
  smollm3,
  olmo2,
  olmo3,
  phi3,
  granite,
  gemma3,
];

/** Families that are not, by model_type (and architecture of GGUF), and why. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ['gemma2', 'Gemma 2 caps scores and logits softly (50 tanh(s / 50)), which no kernel here does'],
  ['gemma3n', 'Gemma 3n has embeddings of each layer and layers that share keys'],
  ['gemma4', 'Gemma 4 has embeddings of each layer and heads of two widths'],
  ...[
    'mixtral',
    'qwen2_moe',
    'qwen2moe',
    'qwen3_moe',
    'qwen3moe',
    'olmoe',
    'phimoe',
    'granitemoe',
    'gpt_oss',
    'gpt-oss',
    'llama4',
  ].map((name): [string, string] => [name, 'a mixture of experts: its router and experts are not computed']),
  ...[
    'qwen3_next',
    'qwen3next',
    'qwen3_5',
    'qwen35',
    'qwen3_5_moe',
    'granitemoehybrid',
    'falcon_h1',
    'lfm2',
  ].map((name): [string, string] => [name, 'recurrent layers, whose state a prefix tree cannot share']),
]);

/** The family of a config. */
export function familyOf({ family = 'llama' }: { family?: string }): Family | undefined {
  return FAMILIES.find(({ name }) => name === family);
}
