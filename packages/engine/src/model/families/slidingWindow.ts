import type { LayerType, ModelConfig } from '../config.js';
import type { HfValues, Json } from '../hfValues.js';

/** Of families whose windows llama.cpp passes over. */
export const WITHOUT_WINDOW =
  'llama.cpp computes this family without its sliding window: answers to texts longer than the window are other ones there';

const WORDS = ['full_attention', 'sliding_attention'];

/** sliding_window of config.json, or undefined: null, or as long as the context, which hides nothing. */
export function readWindow(
  values: HfValues,
  { maxPositions }: ModelConfig,
  fallback?: number,
): number | undefined {
  if (values.json.sliding_window === null) return undefined;
  if (values.json.sliding_window === undefined && fallback === undefined) return undefined;
  const window = values.count('sliding_window', fallback);
  return window >= maxPositions ? undefined : window;
}

/** layer_types of config.json, one word a layer, or undefined. */
export function wordsOfLayers(values: HfValues, { layers }: ModelConfig): string[] | undefined {
  const words = values.json.layer_types ?? undefined;
  if (words === undefined) return undefined;
  const right =
    Array.isArray(words) && words.length === layers && words.every((word) => WORDS.includes(word));
  return right ? words : values.fail(`layer_types of ${layers} words, ${WORDS.join(' or ')}`, words);
}

/** All layers have the window. */
export function allSliding(values: HfValues, config: ModelConfig, fallback?: number): Partial<ModelConfig> {
  const window = readWindow(values, config, fallback);
  if (window === undefined) return {};
  return { layerTypes: Array.from({ length: config.layers }, () => ({ rope: 'global', window })) };
}

/**
 * The layers that layer_types says have the window, or those that the family has slide.
 * @param by.rope the table of those that slide; with 'local' it tells the layers apart without a window too
 */
export function slidingLayers(
  values: HfValues,
  config: ModelConfig,
  by: { window?: number; slides: (layer: number) => boolean; rope?: 'global' | 'local' },
): Partial<ModelConfig> {
  const { slides, rope = 'global' } = by;
  const window = readWindow(values, config, by.window);
  const words = wordsOfLayers(values, config);
  if (window === undefined && rope === 'global') return {};
  const layerTypes = Array.from({ length: config.layers }, (_, layer): LayerType => {
    const one = words === undefined ? slides(layer) : words[layer] === 'sliding_attention';
    return one ? { rope, ...(window !== undefined && { window }) } : { rope: 'global' };
  });
  const any = layerTypes.some((type) => type.window !== undefined || type.rope === 'local');
  return any ? { layerTypes } : {};
}

/** Qwen's: a window only where use_sliding_window says so, from layer max_window_layers on. */
export function optionalWindow(values: HfValues, config: ModelConfig): Partial<ModelConfig> {
  const first = values.number('max_window_layers', 28);
  wordsOfLayers(values, config);
  if (!values.flag('use_sliding_window')) return {};
  return slidingLayers(values, config, { window: 4096, slides: (layer) => layer >= first });
}

/** The window that layers have, or undefined. */
export function windowIn({ layerTypes }: ModelConfig): number | undefined {
  return layerTypes?.find(({ window }) => window !== undefined)?.window;
}

/** sliding_window as it is written: null for none. */
export function windowToHf(config: ModelConfig): Json {
  return { sliding_window: windowIn(config) ?? null };
}

/** layer_types as it is written. */
export function layerTypesToHf({ layers, layerTypes }: ModelConfig): string[] {
  const slides = ({ rope, window }: LayerType) => window !== undefined || rope === 'local';
  return Array.from(
    { length: layers },
    (_, i) => WORDS[Number(layerTypes !== undefined && slides(layerTypes[i]))],
  );
}
