import type { Family } from './family.js';
import { slidingLayers, windowToHf, layerTypesToHf } from './slidingWindow.js';

/** Ministral 8B (2410): Mistral with layers of either kind. */
export const ministral: Family = {
  name: 'ministral',
  title: 'Ministral',
  classes: { text: 'MinistralForCausalLM', score: 'MinistralForSequenceClassification' },
  traits: {},
  defaults: { kvHeads: 8, maxPositions: 131072, ropeTheta: 10000, rmsNormEps: 1e-6, tied: false },
  biases: [],
  read: (values, config) => slidingLayers(values, config, { window: 4096, slides: () => true }),
  write: (config) => ({ ...windowToHf(config), layer_types: layerTypesToHf(config) }),
};
