import { join } from 'node:path';

import { model as isModel } from '../checks.js';
import { callback, check, having, list, number, object, oneOf, path, whole } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { orDispose, owned } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import type { Vector2 } from '../tensor/vector.js';
import { adapterConfigToPeft, type AdapterConfig } from './adapterConfig.js';
import { readAdapterFiles } from './adapterFiles.js';
import { LINEARS, linearPath, linearShape, type LinearName, type ModelConfig } from './config.js';
import { makeFolder, writeJson } from '@selfjudge/base';
import { writeSafetensors } from './files/writeSafetensors.js';
import { layOut, ParameterSet, type ParameterEntry } from './parameterSet.js';
import type { ModelWeights } from './weights.js';

/** An Adapter, by the member that those who take one call first. */
export const isAdapter = having('an Adapter', { config: object({}), assertFits: callback });

const initArguments = {
  model: isModel,
  config: object({
    r: whole(1),
    alpha: number(),
    dropout: number({ min: 0, max: 0.999999 }),
    targetModules: list(oneOf(...LINEARS), 1),
  }),
  seed: whole(0),
};
const place = { layer: whole(0), name: oneOf(...LINEARS) };

/** The number of a linear layer that keys its adapter's dropout. */
export function moduleNumber(layer: number, name: LinearName): number {
  return layer * LINEARS.length + LINEARS.indexOf(name);
}

/**
 * A low-rank adapter (LoRA): y += alpha / r (x A^T) B^T on the chosen linear layers of every block. A and B are views
 * of one flat float32 tensor. Frozen until `makeTrainable()`.
 */
export class Adapter {
  readonly config: Readonly<AdapterConfig>;
  /** What adapter_config.json names as the base. */
  readonly base?: string;
  /** Set while it is trained. */
  parameterSet?: ParameterSet;
  readonly #model: ModelConfig;
  readonly #device: Device;
  readonly #value: Tensor;
  readonly #entries: readonly ParameterEntry[];
  readonly #matrices = new Map<number, { a: Vector2; b: Vector2 }>();

  /** @param values the matrices of `adapterSpecs`, one after another. */
  private constructor(
    device: Device,
    model: ModelConfig,
    config: AdapterConfig,
    values: Float32Array,
    base: string | undefined,
  ) {
    this.config = config;
    if (base !== undefined) this.base = base;
    this.#model = model;
    this.#device = device;
    const { entries, size } = layOut(adapterSpecs(model, config));
    this.#entries = entries;
    this.#value = owned(() => Tensor.from(device, values, [size]));
    const made = [this.#value];
    const view = ({ offset, shape }: ParameterEntry) => {
      const value = owned(() => this.#value.view(offset, shape));
      made.push(value);
      return { value };
    };
    orDispose(made, () =>
      this.#forEachModule((module, a, b) => this.#matrices.set(module, { a: view(a), b: view(b) })),
    );
  }

  /** A new adapter that changes nothing yet: A uniform in +-1/sqrt(in) (Kaiming with a = sqrt 5, as PEFT), B zero. */
  static init(model: ModelWeights, config: AdapterConfig, seed: number): Adapter {
    check('Adapter.init', { model, config, seed }, initArguments);
    const checked = ordered(config);
    const { entries, size } = layOut(adapterSpecs(model.config, checked));
    const values = new Float32Array(size);
    for (const [i, { offset, shape }] of entries.entries()) {
      if (i % 2 === 1) continue;
      const random = new Random(seed, i);
      const bound = 1 / Math.sqrt(shape[1]);
      for (let j = 0; j < shape[0] * shape[1]; j++) values[offset + j] = bound * (2 * random.uniform() - 1);
    }
    return new Adapter(model.device, model.config, checked, values, model.source);
  }

  /**
   * Reads adapter_config.json and adapter_model.safetensors as PEFT writes them. Frozen.
   *
   * @throws FileFormatError for anything but plain LoRA on the linear layers of this model's shape
   */
  static async load(folder: string, model: ModelWeights): Promise<Adapter> {
    check('Adapter.load', { folder, model }, { folder: path, model: isModel });
    const { config, base, check: checkTensor, read } = readAdapterFiles(folder, model.config);
    const { entries, size } = layOut(adapterSpecs(model.config, config));
    // All of them first: the config may claim any rank, and memory for it is asked for next.
    for (const { name, shape } of entries) checkTensor(name, shape);
    const values = new Float32Array(size);
    for (const { name, offset } of entries) values.set(read(name), offset);
    return new Adapter(model.device, model.config, config, values, base ?? model.source);
  }

  /**
   * One adapter that computes the sum of several: A stacked, B beside each other with columns scaled by s_i / s, where
   * s_i = alpha_i / r_i and s = sum alpha_i / sum r_i. Exact up to the rounding of s_i / s, and bit-exact B where the
   * scales agree. A layer that one of them lacks gets zeros in its place.
   */
  static async stack(adapters: readonly Adapter[]): Promise<Adapter> {
    check('Adapter.stack', { adapters }, { adapters: list(isAdapter) });
    const first = adapters[0];
    if (first === undefined) {
      throw new ArgumentError('adapters', {
        where: 'Adapter.stack',
        expected: 'at least one',
        received: 'none',
      });
    }
    const config: AdapterConfig = {
      r: adapters.reduce((sum, { config }) => sum + config.r, 0),
      alpha: adapters.reduce((sum, { config }) => sum + config.alpha, 0),
      dropout: Math.max(...adapters.map(({ config }) => config.dropout)),
      targetModules: LINEARS.filter((name) => adapters.some((a) => a.config.targetModules.includes(name))),
    };
    const { entries, size } = layOut(adapterSpecs(first.#model, config));
    const out = new Float32Array(size);
    let above = 0;
    for (const adapter of adapters) {
      adapter.#assertShape(first.#model);
      const values = await adapter.read();
      const scale = adapter.scale / (config.alpha / config.r);
      const own = new Map(adapter.#entries.map((entry) => [entry.name, entry]));
      for (const [i, { name, offset, shape }] of entries.entries()) {
        const from = own.get(name);
        if (from === undefined) continue;
        const part = values.subarray(from.offset, from.offset + from.shape[0] * from.shape[1]);
        if (i % 2 === 0) out.set(part, offset + above * shape[1]);
        else {
          for (let j = 0; j < part.length; j++) {
            const row = Math.floor(j / adapter.config.r);
            out[offset + row * config.r + above + (j % adapter.config.r)] = part[j] * scale;
          }
        }
      }
      above += adapter.config.r;
    }
    return new Adapter(first.#device, first.#model, config, out, first.base);
  }

  /** alpha / r. */
  get scale(): number {
    return this.config.alpha / this.config.r;
  }

  get trained(): boolean {
    return this.parameterSet !== undefined;
  }

  /** A and B of a linear layer, undefined where the adapter does not apply. */
  matrices(layer: number, name: LinearName): { a: Vector2; b: Vector2 } | undefined {
    check('Adapter.matrices', { layer, name }, place);
    return this.#matrices.get(moduleNumber(layer, name));
  }

  /** The values of all matrices: per block and target module A [r, in], then B [out, r]. */
  async read(): Promise<Float32Array> {
    return (await this.#value.read()) as Float32Array;
  }

  /** Starts training: gradients for every matrix. Calling it again returns the same set. */
  makeTrainable(): ParameterSet {
    if (this.parameterSet !== undefined) return this.parameterSet;
    const set = new ParameterSet(this.#device, this.#value, this.#entries, () => {});
    this.parameterSet = set;
    try {
      this.#forEachModule((module, a, b) => {
        const matrices = this.#matrices.get(module)!;
        matrices.a.grad = owned(() => set.grad.view(a.offset, a.shape));
        matrices.b.grad = owned(() => set.grad.view(b.offset, b.shape));
      });
    } catch (error) {
      this.freeze();
      throw error;
    }
    return set;
  }

  /** Ends training: gradients are dropped, the values stay. */
  freeze(): void {
    for (const matrix of this.#all()) {
      matrix.grad?.dispose();
      delete matrix.grad;
    }
    this.parameterSet?.grad.dispose();
    delete this.parameterSet;
  }

  /** Writes adapter_model.safetensors (float32) and adapter_config.json, which PEFT and `load` open. */
  async save(folder: string): Promise<void> {
    check('Adapter.save', { folder }, { folder: path });
    makeFolder(folder);
    const values = await this.read();
    const tensors = this.#entries.map(({ name, offset, shape }) => ({
      name,
      dtype: 'F32' as const,
      shape,
      values: () => values.subarray(offset, offset + shape[0] * shape[1]),
    }));
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
    await writeJson(join(folder, 'adapter_config.json'), adapterConfigToPeft(this.config, this.base));
  }

  /** Throws an ArgumentError unless the adapter was made for a model of this shape on this device. */
  assertFits(model: ModelWeights): void {
    check('Adapter.assertFits', { model }, { model: isModel });
    if (model.device !== this.#device) {
      throw new ArgumentError('adapter', {
        where: 'LlamaModel.view',
        expected: "an adapter on the model's device",
        received: 'one on another',
      });
    }
    this.#assertShape(model.config);
  }

  dispose(): void {
    this.freeze();
    for (const matrix of this.#all()) matrix.value.dispose();
    this.#value.dispose();
  }

  #assertShape(model: ModelConfig): void {
    const own = this.#model;
    const keys = ['layers', 'hiddenSize', 'intermediateSize', 'heads', 'kvHeads', 'headDim'] as const;
    const key = keys.find((k) => own[k] !== model[k]);
    if (key !== undefined) {
      throw new ArgumentError('adapter', {
        where: 'LlamaModel.view',
        expected: `an adapter for a model of ${key} ${model[key]}`,
        received: `one for ${own[key]}`,
      });
    }
  }

  *#all(): Iterable<Vector2> {
    for (const { a, b } of this.#matrices.values()) yield* [a, b];
  }

  #forEachModule(fn: (module: number, a: ParameterEntry, b: ParameterEntry) => void): void {
    let i = 0;
    for (let layer = 0; layer < this.#model.layers; layer++) {
      for (const name of targets(this.config)) {
        fn(moduleNumber(layer, name), this.#entries[i++], this.#entries[i++]);
      }
    }
  }
}

/** Names (PEFT's) and shapes: per block and target module A [r, in], then B [out, r]. */
function adapterSpecs(model: ModelConfig, config: AdapterConfig): { name: string; shape: number[] }[] {
  const specs: { name: string; shape: number[] }[] = [];
  for (let layer = 0; layer < model.layers; layer++) {
    for (const name of targets(config)) {
      const [rows, columns] = linearShape(model, name);
      const path = `base_model.model.${linearPath(layer, name)}`;
      specs.push({ name: `${path}.lora_A.weight`, shape: [config.r, columns] });
      specs.push({ name: `${path}.lora_B.weight`, shape: [rows, config.r] });
    }
  }
  return specs;
}

function targets(config: AdapterConfig): LinearName[] {
  return LINEARS.filter((name) => config.targetModules.includes(name));
}

/** The config with its layers in the order of the model's. */
function ordered({ r, alpha, dropout, targetModules }: AdapterConfig): AdapterConfig {
  return { r, alpha, dropout, targetModules: LINEARS.filter((name) => targetModules.includes(name)) };
}
