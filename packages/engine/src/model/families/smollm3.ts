import type { LayerType } from '../config.js';
import type { Family } from './family.js';
import { layerTypesToHf, wordsOfLayers, readWindow, windowToHf } from './slidingWindow.js';

/** SmolLM 3: one layer of four does not rotate. */
export const smollm3: Family = {
  name: 'smollm3',
  title: 'SmolLM 3',
  classes: { text: 'SmolLM3ForCausalLM', score: 'SmolLM3ForSequenceClassification' },
  traits: {},
  defaults: { kvHeads: 4, maxPositions: 32768, ropeTheta: 2e6, rmsNormEps: 1e-6, tied: true },
  biases: ['attention_bias', 'mlp_bias'],
  read: (values, config) => {
    const rotates =
      values.json.no_rope_layers ?? byInterval(values.count('no_rope_layer_interval', 4), config.layers);
    if (
      !Array.isArray(rotates) ||
      rotates.length !== config.layers ||
      rotates.some((x) => x !== 0 && x !== 1)
    )
      return values.fail(`no_rope_layers of ${config.layers} ones and zeros`, rotates);
    const window = values.flag('use_sliding_window') ? readWindow(values, config) : undefined;
    const words = wordsOfLayers(values, config);
    const slides = (layer: number) =>
      words === undefined ? rotates[layer] === 0 : words[layer] === 'sliding_attention';
    return {
      layerTypes: rotates.map((rotate, layer): LayerType => ({
        rope: rotate === 1 ? 'global' : 'none',
        ...(window !== undefined && slides(layer) && { window }),
      })),
    };
  },
  write: (config) => ({
    no_rope_layers: Array.from({ length: config.layers }, (_, i) =>
      Number(config.layerTypes?.[i].rope !== 'none'),
    ),
    use_sliding_window: config.layerTypes?.some(({ window }) => window !== undefined) ?? false,
    ...windowToHf(config),
    layer_types: layerTypesToHf(config),
  }),
  gguf: {
    architecture: 'smollm3',
    permuted: true,
    // llama.cpp knows the one step that the family was trained with.
    read: (_, { layers }) => ({
      layerTypes: byInterval(4, layers).map((rotate): LayerType => ({
        rope: rotate === 1 ? 'global' : 'none',
      })),
    }),
  },
};

const byInterval = (interval: number, layers: number) =>
  Array.from({ length: layers }, (_, i) => Number((i + 1) % interval !== 0));
