import type { Family } from './family.js';

/** OLMo 2 (arXiv 2501.00656): norms on what branches add, and on all heads of queries and of keys at once. */
export const olmo2: Family = {
  name: 'olmo2',
  title: 'OLMo 2',
  classes: { text: 'Olmo2ForCausalLM', score: 'Olmo2ForSequenceClassification' },
  traits: { normPlacement: 'post', qkNorm: 'all' },
  defaults: { maxPositions: 2048, ropeTheta: 10000, rmsNormEps: 1e-5, tied: false },
  biases: ['attention_bias'],
  gguf: {
    architecture: 'olmo2',
    permuted: false,
    is: (values) => !values.has('attention.sliding_window'),
  },
};
