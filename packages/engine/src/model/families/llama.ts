import type { Family } from './family.js';

/** Llama 2, 3, 3.1, 3.2 (Touvron et al., arXiv 2302.13971), SmolLM 1 and 2, and what else is built like them. */
export const llama: Family = {
  name: 'llama',
  title: 'Llama',
  classes: { text: 'LlamaForCausalLM', score: 'LlamaForSequenceClassification' },
  traits: {},
  defaults: { maxPositions: 2048, ropeTheta: 10000, rmsNormEps: 1e-6, tied: false },
  biases: ['attention_bias', 'mlp_bias'],
  gguf: { architecture: 'llama', permuted: true },
};
