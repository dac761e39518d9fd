import type { Family } from './family.js';

/** Granite 3 (IBM), dense: four multipliers. transformers has no sequence classification of it. */
export const granite: Family = {
  name: 'granite',
  title: 'Granite 3',
  classes: { text: 'GraniteForCausalLM' },
  traits: {},
  defaults: { maxPositions: 2048, ropeTheta: 10000, rmsNormEps: 1e-6, tied: false },
  biases: ['attention_bias', 'mlp_bias'],
  read: (values) => ({
    embeddingScale: values.number('embedding_multiplier', 1),
    attentionScale: values.number('attention_multiplier', 1),
    residualScale: values.number('residual_multiplier', 1),
    logitScale: 1 / values.number('logits_scaling', 1),
  }),
  write: ({ embeddingScale = 1, attentionScale, headDim, residualScale = 1, logitScale = 1 }) => ({
    embedding_multiplier: embeddingScale,
    attention_multiplier: attentionScale ?? 1 / Math.sqrt(headDim),
    residual_multiplier: residualScale,
    logits_scaling: 1 / logitScale,
  }),
  gguf: {
    architecture: 'granite',
    permuted: true,
    read: (values, { headDim }) => ({
      embeddingScale: values.number('embedding_scale', 1),
      attentionScale: values.number('attention.scale', 1 / Math.sqrt(headDim)),
      residualScale: values.number('residual_scale', 1),
      logitScale: 1 / values.number('logit_scale', 1),
    }),
    write: ({ embeddingScale = 1, attentionScale, headDim, residualScale = 1, logitScale = 1 }) => [
      ['embedding_scale', embeddingScale],
      ['attention.scale', attentionScale ?? 1 / Math.sqrt(headDim)],
      ['residual_scale', residualScale],
      ['logit_scale', 1 / logitScale],
    ],
  },
};
