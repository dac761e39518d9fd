import type { LayerType, ModelConfig } from '../config.js';
import type { Family } from './family.js';
import { layerTypesToHf, slidingLayers, windowIn, windowToHf } from './slidingWindow.js';

/** Of six layers five slide. */
const PERIOD = 6;
const SOFT_CAPS = 'a soft cap, which only Gemma 2 was trained with';

/** Gemma 3 (arXiv 2503.19786), its text model: norms before and after each branch, two rotary tables. */
export const gemma3: Family = {
  name: 'gemma3_text',
  title: 'Gemma 3',
  classes: { text: 'Gemma3ForCausalLM', score: 'Gemma3TextForSequenceClassification' },
  traits: { normPlacement: 'sandwich', normOffset: 1, qkNorm: 'head', activation: 'gelu_tanh' },
  defaults: {
    kvHeads: 4,
    headDim: 256,
    maxPositions: 131072,
    ropeTheta: 1e6,
    rmsNormEps: 1e-6,
    tied: true,
  },
  biases: ['attention_bias'],
  activationKey: 'hidden_activation',
  layerRopes: { global: 1e6, local: 10000, localKey: 'rope_local_base_freq' },
  read: (values, config) => {
    values.none('attn_logit_softcapping', SOFT_CAPS);
    values.none('final_logit_softcapping', SOFT_CAPS);
    values.none('use_bidirectional_attention', 'attention to later tokens, as of an embedding model');
    const period = values.count('sliding_window_pattern', PERIOD);
    return {
      ...slidingLayers(values, config, {
        window: 4096,
        slides: (layer) => (layer + 1) % period !== 0,
        rope: 'local',
      }),
      attentionScale: values.number('query_pre_attn_scalar', 256) ** -0.5,
      embeddingScale: Math.sqrt(config.hiddenSize),
    };
  },
  write: (config) => ({
    query_pre_attn_scalar: config.attentionScale === undefined ? config.headDim : config.attentionScale ** -2,
    ...windowToHf(config),
    layer_types: layerTypesToHf(config),
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
  }),
  gguf: {
    architecture: 'gemma3',
    permuted: false,
    read: (values, config) => ({
      layerTypes: Array.from({ length: config.layers }, (_, i): LayerType =>
        (i + 1) % PERIOD === 0
          ? { rope: 'global' }
          : { rope: 'local', window: values.number('attention.sliding_window') },
      ),
      localRope: { theta: values.number('rope.freq_base_swa', 10000) },
      embeddingScale: Math.sqrt(config.hiddenSize),
      attentionScale: scaleOf(config),
    }),
    write: (config) => [['attention.sliding_window', windowIn(config) ?? 0]],
  },
};

/** llama.cpp tells the 27B from the others by its layers: there the scale is that of hidden size / heads. */
function scaleOf({ layers, hiddenSize, heads, headDim }: ModelConfig): number {
  return 1 / Math.sqrt(layers === 62 ? hiddenSize / heads : headDim);
}
