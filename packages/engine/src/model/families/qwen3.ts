import type { Family } from './family.js';
import { optionalWindow, layerTypesToHf, windowToHf } from './slidingWindow.js';

/** Qwen 3 (arXiv 2505.09388), dense: norms of each head's queries and keys. */
export const qwen3: Family = {
  name: 'qwen3',
  title: 'Qwen 3',
  classes: { text: 'Qwen3ForCausalLM', score: 'Qwen3ForSequenceClassification' },
  traits: { qkNorm: 'head' },
  defaults: {
    kvHeads: 32,
    headDim: 128,
    maxPositions: 32768,
    ropeTheta: 10000,
    rmsNormEps: 1e-6,
    tied: false,
  },
  biases: ['attention_bias'],
  read: optionalWindow,
  write: (config) => ({
    ...windowToHf(config),
    use_sliding_window: config.layerTypes !== undefined,
    layer_types: layerTypesToHf(config),
  }),
  gguf: { architecture: 'qwen3', permuted: false },
};
