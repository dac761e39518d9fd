import { ArgumentError, show } from '@selfjudge/base';
import { parameterSpecs, type ModelConfig } from './config.js';
import { FAMILIES, familyOf, type Family } from './families/index.js';
import type { GgufFile, GgufTensor, GgufValue } from './files/gguf.js';
import type { GgufEntry } from './files/ggufValues.js';
import { fused } from './fusedRows.js';
import { configFromGguf } from './ggufConfig.js';
import { ggufName } from './ggufNames.js';
import { ropeKeys, type RopeKeys } from './ggufRopeKeys.js';

const where = 'writeModelGguf';

/** What a GGUF file says of a model's shape. */
export interface GgufShape {
  architecture: string;
  /** Under the prefix of the architecture. */
  metadata: GgufEntry[];
  /** Tensors that hold what the config says. */
  rope: RopeKeys['tensors'];
  /** What of the config readers of GGUF do not go by, in words. */
  unsaid: string[];
}

/**
 * The metadata of a model's shape, as llama.cpp's converter writes it for the family.
 *
 * @throws ArgumentError for a family that llama.cpp has no architecture of, and for what its files cannot say
 */
export function ggufShape(config: ModelConfig): GgufShape {
  const family = familyOf(config);
  const { gguf } = family ?? {};
  if (family === undefined || gguf === undefined) {
    const known = FAMILIES.filter((one) => one.gguf !== undefined).map(({ title }) => title);
    throw new ArgumentError('config.family', {
      where,
      expected: `a family that GGUF files are written of (${known.join('; ')})`,
      received: family?.title ?? config.family,
    });
  }
  const rope = ropeKeys(config);
  const entries: GgufEntry[] = [...commonKeys(config), ...rope.entries, ...familyKeys(family, config)];
  const { architecture } = gguf;
  const metadata = entries.map((entry) => ({ ...entry, key: `${architecture}.${entry.key}` }));
  return { architecture, metadata, rope: rope.tensors, unsaid: lost(config, family, metadata, rope.tensors) };
}

function commonKeys(config: ModelConfig): GgufEntry[] {
  const { ropeScaling, maxPositions, headDim } = config;
  const context = ropeScaling?.type === 'longrope' ? ropeScaling.longMaxPositions : maxPositions;
  const whole = (key: string, value: number): GgufEntry => ({ key, type: 'u32', value });
  return [
    whole('context_length', context),
    whole('embedding_length', config.hiddenSize),
    whole('block_count', config.layers),
    whole('feed_forward_length', config.intermediateSize),
    whole('attention.head_count', config.heads),
    whole('attention.head_count_kv', config.kvHeads),
    whole('attention.key_length', headDim),
    whole('attention.value_length', headDim),
    { key: 'attention.layer_norm_rms_epsilon', type: 'f32', value: config.rmsNormEps },
    whole('vocab_size', config.vocabSize),
  ];
}

/** The keys of the family's own. */
function familyKeys({ gguf }: Family, config: ModelConfig): GgufEntry[] {
  return (gguf?.write?.(config) ?? []).map(([key, value]): GgufEntry => {
    if (typeof value === 'object') return { key, type: 'bool', value };
    if (typeof value === 'boolean') return { key, type: 'bool', value };
    return { key, type: key === 'attention.sliding_window' ? 'u32' : 'f32', value };
  });
}

/** Of tokens, which the metadata of the tokenizer says. */
const TOKENS: readonly (keyof ModelConfig)[] = ['bosTokenId', 'eosTokenIds', 'padTokenId'];

/**
 * Reads the shape again that was written: what is lost is either something that readers are known to do without, which is
 * said, or the reason why there is no such file.
 */
function lost(
  config: ModelConfig,
  { title, gguf }: Family,
  metadata: readonly GgufEntry[],
  rope: RopeKeys['tensors'],
): string[] {
  const again = configFromGguf(described(config, gguf!.architecture, metadata, rope));
  const given = config.ropeScaling?.type === 'dynamic' ? { ...config, ropeScaling: undefined } : config;
  const keys = new Set([...Object.keys(given), ...Object.keys(again)]) as Set<keyof ModelConfig>;
  for (const key of [...TOKENS, 'family' as const]) keys.delete(key);
  const different = [...keys].filter((key) => !isSame(meaning(given, key), meaning(again, key)));
  const wrong = different.filter((key) => gguf!.unsaid?.[key] === undefined);
  if (wrong.length > 0)
    throw new ArgumentError('config', {
      where,
      expected: `what GGUF files of ${title} can say`,
      received: wrong
        .map((key) => `${key} ${show(given[key])}, which they mean as ${show(again[key])}`)
        .join('; '),
    });
  return different.map((key) => gguf!.unsaid![key]!);
}

/** The file as its reader would find it, without data. */
function described(
  config: ModelConfig,
  architecture: string,
  metadata: readonly GgufEntry[],
  rope: RopeKeys['tensors'],
): GgufFile {
  const specs = [...parameterSpecs(config)].map((spec) => ({
    ...spec,
    dtype: 'F32',
    values: () => new Float32Array(),
  }));
  const tensors = new Map<string, GgufTensor>();
  const add = (name: string, shape: readonly number[]) =>
    tensors.set(name, { type: 'F32', shape: [...shape], path: '', offset: 0, bytes: 0 });
  for (const { name, shape } of fused(specs, config)) add(ggufName(name, config) ?? name, shape);
  for (const { name, values } of rope) add(name, [values.length]);
  return {
    path: 'the GGUF file',
    version: 3,
    metadata: new Map([
      ['general.architecture', architecture],
      ...metadata.map(({ key, type, value }): [string, GgufValue] => [
        key,
        type === 'f32' ? Math.fround(Number(value)) : (value as GgufValue),
      ]),
    ]),
    tensors,
    read: (name) => rope.find((one) => one.name === name)!.values,
  };
}

/** A value of a config; what says nothing is what it means. */
function meaning(config: ModelConfig, key: keyof ModelConfig): unknown {
  const usual: Partial<ModelConfig> = {
    normPlacement: 'pre',
    normOffset: 0,
    activation: 'silu',
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    attentionScale: 1 / Math.sqrt(config.headDim),
    rotaryDim: config.headDim,
    qkvBias: false,
    oBias: false,
    mlpBias: false,
  };
  return config[key] ?? usual[key];
}

/** Equal up to what float32 and its arithmetic round. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= 1e-6 * Math.abs(a);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  const at = (value: object, key: string): unknown => (value as Record<string, unknown>)[key];
  return [...keys].every((key) => isSame(at(a, key), at(b, key)));
}
