import type { Family } from './family.js';
import { optionalWindow, layerTypesToHf, windowToHf } from './slidingWindow.js';

/** Qwen 2 and 2.5 (arXiv 2412.15115), dense: biases on queries, keys and values. */
export const qwen2: Family = {
  name: 'qwen2',
  title: 'Qwen 2, 2.5',
  classes: { text: 'Qwen2ForCausalLM', score: 'Qwen2ForSequenceClassification' },
  traits: { qkvBias: true },
  defaults: { kvHeads: 32, maxPositions: 32768, ropeTheta: 10000, rmsNormEps: 1e-6, tied: false },
  biases: [],
  read: optionalWindow,
  write: (config) => ({
    ...windowToHf(config),
    use_sliding_window: config.layerTypes !== undefined,
    layer_types: layerTypesToHf(config),
  }),
  gguf: { architecture: 'qwen2', permuted: false },
};
