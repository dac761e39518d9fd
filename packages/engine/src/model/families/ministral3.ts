import type { Family } from './family.js';
import { allSliding, windowToHf } from './slidingWindow.js';

/**
 * Ministral 3, its text model: Mistral with yarn, and queries times 1 + beta ln(1 + floor(position / original context)), which
 * is 1 within that context: there it ends here.
 */
export const ministral3: Family = {
  name: 'ministral3',
  title: 'Ministral 3',
  classes: { text: 'Ministral3ForCausalLM', score: 'Ministral3ForSequenceClassification' },
  traits: {},
  defaults: {
    kvHeads: 8,
    headDim: 128,
    maxPositions: 262144,
    ropeTheta: 1e6,
    rmsNormEps: 1e-5,
    tied: false,
  },
  biases: [],
  ropeExtras: { llama_4_scaling_beta: 0.1 },
  read: (values, config) => {
    const { ropeScaling, maxPositions } = config;
    if (ropeScaling?.type !== 'yarn')
      return values.fail(
        'rope_parameters of rope_type yarn, as Ministral 3 has',
        ropeScaling?.type ?? 'none',
      );
    const from = ropeScaling.originalMaxPositions;
    if (from < maxPositions)
      values.warn(
        `${values.path}: paths of up to ${from} tokens, original_max_position_embeddings: past it queries grow with their ` +
          'position (llama_4_scaling_beta), which is not computed',
      );
    return { ...allSliding(values, config), maxPositions: Math.min(from, maxPositions) };
  },
  write: (config) => windowToHf(config),
};
