import type { Family } from './family.js';
import { allSliding, windowToHf, WITHOUT_WINDOW } from './slidingWindow.js';

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
    write: ({ layerTypes }) => [['attention.sliding_window', layerTypes?.[0].window ?? 0]],
    unsaid: { layerTypes: WITHOUT_WINDOW },
  },
};
