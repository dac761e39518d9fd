import { join, resolve } from 'node:path';

import { model as isModel } from '../checks.js';
import {
  callback,
  check,
  float32s,
  having,
  instance,
  list,
  number,
  object,
  oneOf,
  optional,
  path,
  whole,
} from '@selfjudge/base/checks';
import { ArgumentError, FileFormatError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { copyTo } from '../tensor/ops/copy.js';
import { orDispose, owned } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import type { Vector2 } from '../tensor/vector.js';
import {
  adapterConfigToPeft,
  configOf,
  modulesOf,
  type AdaptedModule,
  type AdapterConfig,
} from './adapterConfig.js';
import { adapterSpecs, modulesIn, moduleNumber, ordered, stackedConfig } from './adapterLayout.js';
import { nameFrom } from './adapterBase.js';
import { readAdapter } from './adapterFiles.js';
import { ggufReadme, isGguf } from './adapterReadme.js';
import type { AdapterParts } from './adapterParts.js';
import { LINEARS, linearPath, type LinearName, type ModelConfig } from './config.js';
import { assertWhole, fusedModules } from './fusedAdapter.js';
import { makeFolder } from '@selfjudge/base';
import { atomicWrite, writeJson } from '@selfjudge/base/internal';
import { writeSafetensors, type TensorToWrite } from './files/writeSafetensors.js';
import { assertAssignable, layOut, ParameterSet, type ParameterEntry } from './parameterSet.js';
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
    modules: optional(
      list(object({ layer: whole(0), name: oneOf(...LINEARS), r: whole(1), alpha: number() }), 1),
    ),
  }),
  seed: whole(0),
};
const place = { layer: whole(0), name: oneOf(...LINEARS) };

/** The model that an adapter is for: as its folder names it, and where it lies. */
interface Base {
  name?: string;
  path?: string;
  /** What names of modules begin with where it is the text model inside another. */
  inside?: string;
}

const baseOf = ({ source, origin }: ModelWeights): Base => ({
  ...(source !== undefined && { name: source, path: source }),
  ...(origin?.config.text_config !== undefined && { inside: 'model.language_model.' }),
});

/**
 * A low-rank adapter (LoRA): y += alpha / r (x A^T) B^T on the chosen linear layers of every block. A and B are views
 * of one flat float32 tensor. Frozen until `makeTrainable()`.
 */
export class Adapter {
  readonly config: Readonly<AdapterConfig>;
  /** What adapter_config.json names as the base: as it was given, where that means the same from the folder it is saved in. */
  readonly base?: string;
  /** Set while it is trained. */
  parameterSet?: ParameterSet;
  /** Where the base lies. */
  readonly #basePath?: string;
  readonly #inside: string | undefined;
  readonly #model: ModelConfig;
  readonly #device: Device;
  readonly #value: Tensor;
  readonly #entries: readonly ParameterEntry[];
  readonly #modules: readonly AdaptedModule[];
  readonly #matrices = new Map<number, { a: Vector2; b: Vector2; scale: number }>();

  /** @param values the matrices of `adapterSpecs`, one after another. */
  private constructor(
    device: Device,
    model: ModelConfig,
    config: AdapterConfig,
    values: Float32Array,
    base: Base,
  ) {
    this.config = config;
    if (base.name !== undefined) this.base = base.name;
    if (base.path !== undefined) this.#basePath = resolve(base.path);
    this.#inside = base.inside;
    this.#model = model;
    this.#device = device;
    this.#modules = modulesOf(config, model.layers);
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
      this.#forEachModule((module, a, b, scale) =>
        this.#matrices.set(module, { a: view(a), b: view(b), scale }),
      ),
    );
  }

  /** A new adapter that changes nothing yet: A uniform in +-1/sqrt(in) (Kaiming with a = sqrt 5, as PEFT), B zero. */
  static init(model: ModelWeights, config: AdapterConfig, seed: number): Adapter {
    check('Adapter.init', { model, config, seed }, initArguments);
    const checked = ordered(config, model.config.layers);
    assertWhole(model.config, modulesOf(checked, model.config.layers));
    const { entries, size } = layOut(adapterSpecs(model.config, checked));
    const values = new Float32Array(size);
    for (const [i, { offset, shape }] of entries.entries()) {
      if (i % 2 === 1) continue;
      const random = new Random(seed, i);
      const bound = 1 / Math.sqrt(shape[1]);
      for (let j = 0; j < shape[0] * shape[1]; j++) values[offset + j] = bound * (2 * random.uniform() - 1);
    }
    return new Adapter(model.device, model.config, checked, values, baseOf(model));
  }

  /**
   * Reads an adapter folder: adapter_config.json with adapter_model.safetensors as PEFT writes them, or with
   * adapters.safetensors as mlx-lm does. Frozen.
   *
   * @param onWarning told of keys and tensors that are not used. Default: a warning of the process.
   * @throws FileFormatError for anything but LoRA on linear layers of this model's blocks; `loadModelWithAdapter` merges
   *   more (DoRA, modules_to_save, LoRA on table or head) when it loads a model
   */
  static async load(
    folder: string,
    model: ModelWeights,
    onWarning: (message: string) => void = (message) => process.emitWarning(message, { code: 'SJ_MODEL' }),
  ): Promise<Adapter> {
    check(
      'Adapter.load',
      { folder, model, onWarning },
      { folder: path, model: isModel, onWarning: callback },
    );
    const parts = readAdapter(folder, model.config, onWarning);
    return Adapter.of({ ...parts, base: model.source ?? parts.base }, model);
  }

  /** The adapter of what a folder holds. @throws FileFormatError where it is more than an adapter */
  static of(parts: AdapterParts, model: ModelWeights): Adapter {
    if (parts.beyond.length > 0) {
      throw new FileFormatError({
        path: parts.path,
        expected: 'LoRA on linear layers of blocks only, to be put on a model that is loaded already',
        received: parts.beyond.join(', '),
        advice: 'Open the model together with this adapter, so that it is merged while the weights are read.',
      });
    }
    const modules = [...modulesIn(parts, model.config)];
    const config = configOf(modules, parts, model.config.layers);
    const { entries, size } = layOut(adapterSpecs(model.config, config));
    const values = new Float32Array(size);
    for (const [i, { layer, name }] of modules.entries()) {
      const { a, b } = parts.lowRank.get(linearPath(layer, name))!;
      values.set(a.read(), entries[2 * i].offset);
      values.set(b.read(), entries[2 * i + 1].offset);
    }
    return new Adapter(model.device, model.config, config, values, {
      ...baseOf(model),
      name: parts.base ?? model.source,
    });
  }

  /**
   * One adapter that computes the sum of several: A stacked, B beside each other with columns scaled by s_i / s, where
   * s_i = alpha_i / r_i and s = sum alpha_i / sum r_i. Exact up to the rounding of s_i / s, and bit-exact B where the
   * scales agree. A layer that one of them lacks gets zeros in its place, unless one of them lists its modules: then so does
   * their sum, and each module has the ranks of those that adapt it.
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
    const { layers } = first.#model;
    const config = stackedConfig(
      adapters.map((one) => one.config),
      layers,
    );
    const { entries, size } = layOut(adapterSpecs(first.#model, config));
    const modules = modulesOf(config, layers);
    const out = new Float32Array(size);
    const above = modules.map(() => 0);
    for (const adapter of adapters) {
      adapter.#assertShape(first.#model);
      const values = await adapter.read();
      const own = new Map(adapter.#modules.map((module, i) => [moduleNumber(module.layer, module.name), i]));
      for (const [i, module] of modules.entries()) {
        const from = own.get(moduleNumber(module.layer, module.name));
        if (from === undefined) {
          if (config.modules === undefined) above[i] += adapter.config.r;
          continue;
        }
        const { r, alpha } = adapter.#modules[from];
        const scale = alpha / r / (module.alpha / module.r);
        const [a, b] = [2 * from, 2 * from + 1].map((k) => adapter.#entries[k]);
        const rows = values.subarray(a.offset, a.offset + r * a.shape[1]);
        out.set(rows, entries[2 * i].offset + above[i] * a.shape[1]);
        const columns = values.subarray(b.offset, b.offset + b.shape[0] * r);
        const { offset } = entries[2 * i + 1];
        for (let j = 0; j < columns.length; j++)
          out[offset + Math.floor(j / r) * module.r + above[i] + (j % r)] = columns[j] * scale;
        above[i] += r;
      }
    }
    return new Adapter(first.#device, first.#model, config, out, {
      name: first.base,
      path: first.#basePath,
      inside: first.#inside,
    });
  }

  /** alpha / r of modules without values of their own. */
  get scale(): number {
    return this.config.alpha / this.config.r;
  }

  get trained(): boolean {
    return this.parameterSet !== undefined;
  }

  /** A and B of a linear layer and alpha / r, undefined where the adapter does not apply. */
  matrices(layer: number, name: LinearName): { a: Vector2; b: Vector2; scale: number } | undefined {
    check('Adapter.matrices', { layer, name }, place);
    return this.#matrices.get(moduleNumber(layer, name));
  }

  /** The values of all matrices: per block and target module A [r, in], then B [out, r]. */
  async read(): Promise<Float32Array> {
    return (await this.#value.read()) as Float32Array;
  }

  /**
   * Sets all matrices to float32 values [size] in the order of `read`. For an adapter that is not trained: the set of one
   * that is has `load`.
   */
  assign(values: Tensor): void {
    check('Adapter.assign', { values }, { values: instance(Tensor) });
    const { size } = this.#value;
    assertAssignable(values, { what: 'adapter', where: 'Adapter.assign', size, trained: this.trained });
    copyTo(values, this.#value);
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

  /**
   * Writes adapter_model.safetensors (float32) and adapter_config.json, which PEFT and `load` open; beside one whose base is
   * a GGUF file a README.md that says how PEFT does.
   *
   * @param score of a reward model, the values of its head, which is saved beside
   */
  async save(folder: string, score?: Float32Array): Promise<void> {
    check('Adapter.save', { folder, score }, { folder: path, score: optional(float32s) });
    makeFolder(folder);
    const values = await this.read();
    const matrix = (i: number) => {
      const { offset, shape } = this.#entries[i];
      return () => values.subarray(offset, offset + shape[0] * shape[1]);
    };
    const modules = fusedModules(
      this.#model,
      this.#modules.map((module, i) => ({ ...module, a: matrix(2 * i), b: matrix(2 * i + 1) })),
    );
    const tensors = modules.flatMap(({ path: module, shape: [out, input], r, a, b }): TensorToWrite[] => [
      { name: `${this.#pathOf(module)}.lora_A.weight`, dtype: 'F32', shape: [r, input], values: a },
      { name: `${this.#pathOf(module)}.lora_B.weight`, dtype: 'F32', shape: [out, r], values: b },
    ]);
    if (score !== undefined) {
      const name = 'base_model.model.score.weight';
      tensors.push({ name, dtype: 'F32', shape: [1, score.length], values: () => score });
    }
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
    const { base } = this;
    const at = this.#basePath;
    const known = base === undefined || at === undefined ? { name: base } : nameFrom(folder, base, at);
    const { name, ...revision } = known;
    const { config } = this;
    const files = { scores: score !== undefined, model: this.#model, inside: this.#inside };
    await writeJson(join(folder, 'adapter_config.json'), {
      ...adapterConfigToPeft(config, name, files),
      ...revision,
    });
    if (at !== undefined && isGguf(at))
      await atomicWrite(join(folder, 'README.md'), [Buffer.from(ggufReadme(at))]);
  }

  /** Throws an ArgumentError unless the adapter was made for a model of this shape on this device. */
  assertFits(model: ModelWeights): void {
    check('Adapter.assertFits', { model }, { model: isModel });
    if (model.device !== this.#device) {
      throw new ArgumentError('adapter', {
        where: 'Model.view',
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
        where: 'Model.view',
        expected: `an adapter for a model of ${key} ${model[key]}`,
        received: `one for ${own[key]}`,
      });
    }
  }

  /** What PEFT calls a module. */
  #pathOf(module: string): string {
    return `base_model.model.${module.replace(/^model\./, this.#inside ?? 'model.')}`;
  }

  *#all(): Iterable<Vector2> {
    for (const { a, b } of this.#matrices.values()) yield* [a, b];
  }

  #forEachModule(fn: (module: number, a: ParameterEntry, b: ParameterEntry, scale: number) => void): void {
    for (const [i, { layer, name, r, alpha }] of this.#modules.entries())
      fn(moduleNumber(layer, name), this.#entries[2 * i], this.#entries[2 * i + 1], alpha / r);
  }
}
