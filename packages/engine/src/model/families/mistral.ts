import type { Family } from './family.js';
import { allSliding, windowToHf, WITHOUT_WINDOW } from './slidingWindow.js';

/** Mistral 7B (Jiang et al., arXiv 2310.06825), Nemo and Small: llama.cpp's files of it are Llama's. */
export const mistral: Family = {
  name: 'mistral',
  title: 'Mistral',
  classes: { text: 'MistralForCausalLM', score: 'MistralForSequenceClassification' },
  traits: {},
  defaults: { kvHeads: 8, maxPositions: 131072, ropeTheta: 10000, rmsNormEps: 1e-6, tied: false },
  biases: [],
  read: (values, config) => allSliding(values, config, 4096),
  write: (config) => windowToHf(config),
  // Read as Llama's, whose name its files have.
  gguf: {
    architecture: 'llama',
    permuted: true,
    is: () => false,
    unsaid: { layerTypes: WITHOUT_WINDOW },
  },
};
