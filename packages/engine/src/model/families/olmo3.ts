import type { LayerType } from '../config.js';
import type { Family } from './family.js';
import { layerTypesToHf, slidingLayers, windowIn, windowToHf } from './slidingWindow.js';

/** OLMo 3: OLMo 2 whose layers slide but for every fourth, which alone has a scaled rotary table. */
export const olmo3: Family = {
  name: 'olmo3',
  title: 'OLMo 3',
  classes: { text: 'Olmo3ForCausalLM', score: 'Olmo3ForSequenceClassification' },
  traits: { normPlacement: 'post', qkNorm: 'all' },
  defaults: { maxPositions: 2048, ropeTheta: 500000, rmsNormEps: 1e-5, tied: false },
  biases: ['attention_bias'],
  layerRopes: { global: 500000, local: 500000 },
  read: (values, config) =>
    slidingLayers(values, config, { window: 4096, slides: (layer) => (layer + 1) % 4 !== 0, rope: 'local' }),
  write: (config) => ({
    ...windowToHf(config),
    layer_types: layerTypesToHf(config),
  }),
  // To llama.cpp it is an OLMo 2 with a window.
  gguf: {
    architecture: 'olmo2',
    permuted: false,
    is: (values) => values.has('attention.sliding_window'),
    read: (values, { layers, ropeTheta }) => {
      const pattern = values.get('attention.sliding_window_pattern') ?? layersOf(layers);
      if (!Array.isArray(pattern) || pattern.length !== layers)
        return values.fail(`olmo2.attention.sliding_window_pattern of ${layers} layers`, pattern);
      const window = values.number('attention.sliding_window');
      return {
        layerTypes: pattern.map((slides): LayerType =>
          slides === true ? { rope: 'local', window } : { rope: 'global' },
        ),
        localRope: { theta: ropeTheta },
      };
    },
    write: (config) => [
      ['attention.sliding_window', windowIn(config) ?? 0],
      ['attention.sliding_window_pattern', (config.layerTypes ?? []).map(({ rope }) => rope === 'local')],
    ],
  },
};

const layersOf = (layers: number) => Array.from({ length: layers }, (_, i) => (i + 1) % 4 !== 0);
