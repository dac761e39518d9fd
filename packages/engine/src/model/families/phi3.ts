import type { Family } from './family.js';
import { allSliding, windowIn, windowToHf } from './slidingWindow.js';

/** Phi 3, 3.5, 4 and 4-mini (arXiv 2404.14219): fused rows, longrope, a part of the dimensions rotates in 4-mini. */
export const phi3: Family = {
  name: 'phi3',
  title: 'Phi 3, 3.5, 4',
  classes: { text: 'Phi3ForCausalLM', score: 'Phi3ForSequenceClassification' },
  traits: {},
  defaults: {
    maxPositions: 4096,
    ropeTheta: 10000,
    rmsNormEps: 1e-5,
    tied: false,
    originalMaxPositions: 4096,
  },
  biases: [],
  fused: true,
  partialRope: true,
  longropeWords: ['su', 'yarn'],
  read: (values, config) => allSliding(values, config),
  write: (config) => ({
    ...windowToHf(config),
    partial_rotary_factor: (config.rotaryDim ?? config.headDim) / config.headDim,
    original_max_position_embeddings: config.maxPositions,
  }),
  gguf: {
    architecture: 'phi3',
    permuted: false,
    // llama.cpp passes over it; transformers does not.
    read: (values, { layers, maxPositions }) => {
      const window = values.number('attention.sliding_window', 0);
      if (window === 0 || window >= maxPositions) return {};
      return { layerTypes: Array.from({ length: layers }, () => ({ rope: 'global', window })) };
    },
    write: (config) => [['attention.sliding_window', windowIn(config) ?? 0]],
  },
};
