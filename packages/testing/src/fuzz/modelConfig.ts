import { parameterSpecs } from '@selfjudge/engine/internal';
import type { ModelConfig } from '@selfjudge/engine';
import { configFromHf, configToHf } from '@selfjudge/engine/internal';
import { folderSource, type ModelSource } from '@selfjudge/engine/internal';
import { tinyConfig } from '../tinyModel.js';
import { FuzzFolder } from './folder.js';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateJson, mutateValue } from './json.js';
import { float32Tensors, mutateSafetensors, safetensorsFile } from './safetensors.js';

export const smallConfig: ModelConfig = {
  ...tinyConfig,
  layers: 1,
  hiddenSize: 8,
  headDim: 4,
  intermediateSize: 4,
};

const SCALINGS = [
  null,
  { rope_type: 'linear', factor: 2 },
  {
    type: 'yarn',
    factor: 4,
    original_max_position_embeddings: 64,
    mscale: 1,
    mscale_all_dim: 0.5,
    beta_fast: 32,
  },
  {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 128,
  },
];

/** config.json and generation_config.json, as values. */
export function hfConfigTarget(): FuzzTarget<[unknown, unknown]> {
  const documents = SCALINGS.map((scaling) => [
    {
      ...configToHf(smallConfig, 'bf16'),
      rope_scaling: scaling,
      sliding_window: null,
      quantization_config: null,
    },
    { eos_token_id: [1, 2] },
  ]);
  return {
    name: 'config.json',
    make(random): FuzzCase<[unknown, unknown]> {
      const how: string[] = [];
      const [config, generation] = random.choice(documents);
      if (random.below(4) === 0) {
        const { value, size } = mutateValue(generation, random, how);
        return { input: [config, value], size: size + JSON.stringify(config).length, how };
      }
      const { value, size } = mutateValue(config, random, how);
      return { input: [value, generation], size, how };
    },
    parse([config, generation]) {
      configToHf(configFromHf(config, 'config.json', generation), 'float32');
    },
  };
}

/** What a source promises: the tensors of its config (a few stand for all), and a tokenizer that can be used or none. */
export async function checkSource(source: ModelSource): Promise<void> {
  for (const { name, shape } of parameterSpecs(source.config)) {
    if (!/embed_tokens|q_proj|lm_head/.test(name)) continue;
    const { data } = source.read(name);
    const size = shape.reduce((a, b) => a * b, 1);
    if (data.length !== size) throw new Error(`'${name}' has ${data.length} values, not ${size}`);
  }
  (await source.tokenizer())?.encode('hello');
}

/** A folder as transformers writes it, with one of its files changed. */
export function modelFolderTarget(folder: string): FuzzTarget<string> {
  const model = new FuzzFolder(folder, 'model');
  const shapes = Object.fromEntries([...parameterSpecs(smallConfig)].map(({ name, shape }) => [name, shape]));
  const weights = float32Tensors(shapes);
  const config = configToHf(smallConfig, 'float32');
  const good: Record<string, Buffer> = {
    'config.json': Buffer.from(JSON.stringify(config)),
    'model.safetensors': safetensorsFile(Buffer.from(JSON.stringify(weights.header)), weights.data),
  };
  return {
    name: 'model folder',
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const name = random.choice([...Object.keys(good), 'generation_config.json']);
      const changed =
        name === 'config.json'
          ? mutateJson(config, random, how)
          : name === 'model.safetensors'
            ? mutateSafetensors(weights, random, how)
            : mutateJson({ eos_token_id: [1] }, random, how);
      const size = model.hold({ ...good, [name]: changed });
      return { input: model.path, size, how: [name, ...how] };
    },
    parse: (input) => checkSource(folderSource(input)),
  };
}
