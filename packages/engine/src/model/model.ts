import { join } from 'node:path';

import { tokenizer as isTokenizer } from '@selfjudge/text/checks';
import {
  callback,
  check,
  flag,
  instance,
  oneOf,
  optional,
  options as optionsOf,
  path as isPath,
  whole,
} from '@selfjudge/base/checks';
import { ArgumentError, FileFormatError } from '@selfjudge/base';
import { Random } from '@selfjudge/base';
import { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/cast.js';
import { clone, copyTo } from '../tensor/ops/copy.js';
import { orDispose, owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Vector } from '../tensor/vector.js';
import { Weight } from '../tensor/weight.js';
import { checkVocabulary } from '@selfjudge/text/internal';
import type { Tokenizer } from '@selfjudge/text';
import type { Adapter } from './adapter.js';
import type { Warn } from './checkTensors.js';
import {
  BLOCK_NORMS,
  configProblem,
  hasBias,
  isConfig,
  LINEARS,
  linearPath,
  parameterSpecs,
} from './config.js';
import type { BlockNorm, LinearName, ModelConfig } from './config.js';
import { makeFolder } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import { writeSafetensors } from './files/writeSafetensors.js';
import { modelTensors } from './modelTensors.js';
import { configToHf } from './hfConfig.js';
import type { Origin } from './origin.js';
import { assertAssignable, layOut, ParameterSet } from './parameterSet.js';
import { findModel } from './paths.js';
import { parameterOf, readParameters } from './readParameters.js';
import { Rotary } from './rotary.js';
import { openSource } from './openSource.js';
import type { LoadableSource } from './source.js';
import { ModelView } from './view.js';
import type { Layer, Linear, ModelWeights, NamedParameter } from './weights.js';

export interface LoadOptions {
  /** Default: `Device.open()`. */
  device?: Device;
  /** What weights and activations are stored in. Default: float32 for files of float32, else bf16. */
  dtype?: 'float32' | 'bf16';
  /** Called when the files are found to hold a model, before memory is asked for: what it replaces is freed here. */
  beforeWeights?: () => void;
  /** Called after each tensor. */
  onProgress?: (done: number, total: number) => void;
  /** Of a folder that holds a model and an adapter, loads the model alone. Default false: such a folder is an adapter. */
  withoutAdapter?: boolean;
  /** Told of what the files hold and the model does not use. Default: `Model.onWarning`. */
  onWarning?: (message: string) => void;
}

const storage = { device: optional(instance(Device)), dtype: optional(oneOf('float32', 'bf16')) };
export const loadFields = {
  ...storage,
  beforeWeights: optional(callback),
  onProgress: optional(callback),
  withoutAdapter: optional(flag),
  onWarning: optional(callback),
};
const loadOptions = optionsOf(loadFields);
const initOptions = optionsOf({ ...storage, seed: whole(0), tokenizer: optional(isTokenizer) });

/**
 * A decoder of the Llama kind (Touvron et al., arXiv 2302.13971) of any family in `families/`: its weights, packed once in
 * the compute dtype, and its rotary tables. Views (`view`) compute with it.
 */
export class Model implements ModelWeights {
  readonly config: ModelConfig;
  readonly device: Device;
  readonly dtype: 'float32' | 'bf16';
  tokenizer?: Tokenizer;
  source?: string;
  readonly fingerprint?: string;
  readonly origin?: Origin;
  readonly table: Weight;
  readonly head: Weight;
  readonly norm: Vector;
  readonly layers: readonly Layer[];
  readonly rotary: Rotary;
  readonly #parameters: ReadonlyMap<string, Weight | Vector>;
  readonly #masters = new Map<string, Tensor>();
  #set: ParameterSet | undefined;

  /**
   * Told of what a model's files hold and it does not use, where the caller of `load` names nobody else. Unset: a warning
   * of the process, type ModelWarning, code SJ_MODEL.
   */
  static onWarning: ((message: string) => void) | undefined;

  private constructor(
    config: ModelConfig,
    device: Device,
    dtype: 'float32' | 'bf16',
    parameters: ReadonlyMap<string, Weight | Vector>,
    { tokenizer, fingerprint, origin }: { tokenizer?: Tokenizer; fingerprint?: string; origin?: Origin },
  ) {
    this.config = config;
    this.device = device;
    this.dtype = dtype;
    if (tokenizer !== undefined) this.tokenizer = tokenizer;
    if (fingerprint !== undefined) this.fingerprint = fingerprint;
    if (origin !== undefined) this.origin = origin;
    this.#parameters = parameters;
    const get = <T extends Weight | Vector>(name: string) => parameters.get(name) as T;
    this.table = get<Weight>('model.embed_tokens.weight');
    this.head = config.tieWordEmbeddings ? this.table : get<Weight>('lm_head.weight');
    this.norm = get<Vector>('model.norm.weight');
    const norms = Object.entries(BLOCK_NORMS[config.normPlacement ?? 'pre']);
    const headNorm = (layer: number, which: 'q' | 'k') =>
      config.qkNorm && get<Vector>(`model.layers.${layer}.self_attn.${which}_norm.weight`);
    this.layers = Array.from({ length: config.layers }, (_, layer) => ({
      norms: Object.fromEntries(
        norms.map(([at, name]) => [at, get<Vector>(`model.layers.${layer}.${name}.weight`)]),
      ) as Partial<Record<BlockNorm, Vector>>,
      linears: Object.fromEntries(
        LINEARS.map((name) => {
          const path = linearPath(layer, name);
          const bias = hasBias(config, name) ? get<Vector>(`${path}.bias`) : undefined;
          return [name, { weight: get<Weight>(`${path}.weight`), bias }];
        }),
      ) as Record<LinearName, Linear>,
      queryNorm: headNorm(layer, 'q'),
      keyNorm: headNorm(layer, 'k'),
    }));
    this.rotary = new Rotary(device, config);
  }

  /**
   * Loads a model from a folder of transformers' (config.json and safetensors), a run folder (its `final/`, else its
   * latest checkpoint) or a GGUF file.
   *
   * @throws FileFormatError when a file is not what it says, describes a model we do not compute or holds values that
   *   are not finite; ArgumentError when the tokenizer has more ids than the model has embeddings
   */
  static async load(path: string, options: LoadOptions = {}): Promise<Model> {
    check('Model.load', { path, options }, { path: isPath, options: loadOptions });
    const found = findModel(path);
    const alone = options.withoutAdapter === true && found.holdsModel === true;
    if (found.kind === 'adapter' && !alone) {
      throw new FileFormatError({
        path: found.path,
        expected: 'a model (loadModelWithAdapter opens an adapter with its base)',
        received:
          found.holdsModel === true
            ? 'an adapter beside a model (withoutAdapter leaves it aside)'
            : 'an adapter',
      });
    }
    return Model.fromSource(openSource(found, warnerOf(options)), found.path, options);
  }

  /**
   * Loads the tensors of a source.
   *
   * @param path what adapters name as their base
   * @throws as `load`
   */
  static async fromSource(source: LoadableSource, path: string, options: LoadOptions = {}): Promise<Model> {
    const tokenizer = await source.tokenizer();
    if (tokenizer !== undefined) checkVocabulary(tokenizer, source.config.vocabSize);
    const { device = Device.open(), dtype = source.dtype, beforeWeights, onProgress } = options;
    beforeWeights?.();
    const { parameters, fingerprint } = await readParameters(source, device, dtype, onProgress);
    const of = { tokenizer, fingerprint, origin: source.origin };
    const model = new Model(source.config, device, dtype, parameters, of);
    model.source = path;
    return model;
  }

  /** A model with weights from normal(0, 0.02), norms of 1 and biases of 0. The same seed gives the same bits. */
  static init(
    config: ModelConfig,
    options: { device?: Device; dtype?: 'float32' | 'bf16'; seed: number; tokenizer?: Tokenizer },
  ): Model {
    check('Model.init', { config, options }, { config: isConfig, options: initOptions });
    const { device = Device.open(), dtype = 'bf16', seed, tokenizer } = options;
    const problem = configProblem(config);
    if (problem !== undefined) throw new ArgumentError('config', { where: 'Model.init', ...problem });
    const parameters = new Map<string, Weight | Vector>();
    orDispose(parameters.values(), () => {
      for (const [i, { name, shape }] of [...parameterSpecs(config)].entries()) {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
        if (shape.length === 2) {
          const random = new Random(seed, i);
          for (let j = 0; j < data.length; j++) data[j] = 0.02 * random.normal();
        } else if (name.endsWith('.weight')) data.fill(1 - (config.normOffset ?? 0));
        parameters.set(name, parameterOf(device, dtype, name, { dtype: 'float32', shape, data }));
      }
    });
    return new Model(config, device, dtype, parameters, { tokenizer });
  }

  /** Every tensor under transformers' name, in the order of the forward pass. */
  *parameters(): Iterable<NamedParameter> {
    for (const [name, weight] of this.#parameters) yield { name, shape: shapeOf(weight), weight };
  }

  /** Set after makeTrainable(). */
  get parameterSet(): ParameterSet | undefined {
    return this.#set;
  }

  /**
   * Makes every weight trained: one flat float32 master with gradients, 8 bytes a parameter on top of the weights.
   * The packed weights follow the master at `afterUpdate()`. Calling it again returns the same set.
   */
  makeTrainable(): ParameterSet {
    if (this.#set !== undefined) return this.#set;
    const { entries, size } = layOut([...this.parameters()]);
    const made: Tensor[] = [];
    const keep = (make: () => Tensor) => {
      const tensor = owned(make);
      made.push(tensor);
      return tensor;
    };
    const [set, trained] = orDispose(made, () => {
      const value = keep(() => Tensor.empty(this.device, [size]));
      const set = new ParameterSet(this.device, value, entries, () => {
        for (const [name, master] of this.#masters) tidy(() => renew(this.#parameters.get(name)!, master));
      });
      made.push(set.grad);
      const trained = entries.map(({ name, offset, shape }) => {
        const weight = this.#parameters.get(name) as Weight | Vector;
        const master = keep(() => value.view(offset, shape));
        tidy(() => copyTo(cast(weight instanceof Weight ? weight.rows() : weight.value, 'float32'), master));
        return { name, weight, master, grad: keep(() => set.grad.view(offset, shape)) };
      });
      return [set, trained];
    });
    for (const { name, weight, master, grad } of trained) {
      weight.grad = grad;
      this.#masters.set(name, master);
    }
    this.#set = set;
    return set;
  }

  /** A frozen copy with memory of its own: it stays as it is while this one trains. */
  clone(): Model {
    const parameters = new Map<string, Weight | Vector>();
    orDispose(parameters.values(), () => {
      for (const { name, weight } of this.parameters()) {
        const copy =
          weight instanceof Weight
            ? tidy(() => Weight.pack(weight.rows(), this.dtype))
            : new Vector(owned(() => clone(weight.value)));
        parameters.set(name, copy);
      }
    });
    const model = new Model(this.config, this.device, this.dtype, parameters, {
      tokenizer: this.tokenizer,
      origin: this.origin,
    });
    model.source = this.source;
    return model;
  }

  /**
   * Sets every weight to float32 values [size] as a parameter set lays them out: those of a model of the same shape make
   * this one its copy. For a model that is not trained: the set of one that is has `load`.
   */
  assign(values: Tensor): void {
    check('Model.assign', { values }, { values: instance(Tensor) });
    const { entries, size } = layOut([...this.parameters()]);
    assertAssignable(values, {
      what: 'model',
      where: 'Model.assign',
      size,
      trained: this.#set !== undefined,
    });
    for (const { name, offset, shape } of entries)
      tidy(() => renew(this.#parameters.get(name)!, values.view(offset, shape)));
  }

  /**
   * Writes a folder that transformers opens and `load` reads back bit-equal: model.safetensors in the model's dtype,
   * config.json and the tokenizer's files. Norms that bf16 does not hold exactly stay float32.
   */
  async save(folder: string): Promise<void> {
    check('Model.save', { folder }, { folder: isPath });
    makeFolder(folder);
    await writeSafetensors(join(folder, 'model.safetensors'), await modelTensors(this));
    await writeJson(join(folder, 'config.json'), configToHf(this.config, this.dtype, this.origin?.config));
    await this.tokenizer?.save(folder);
    this.source = folder;
  }

  /** The model with adapters applied, at most two: a frozen one and a trained one, say. */
  view(adapters: readonly Adapter[] = []): ModelView {
    return new ModelView(this, adapters);
  }

  dispose(): void {
    for (const weight of this.#parameters.values()) {
      weight.grad?.dispose();
      weight.dispose();
    }
    for (const master of this.#masters.values()) master.dispose();
    this.rotary.dispose();
    this.#set?.value.dispose();
    this.#set?.grad.dispose();
  }
}

/** Who is told of what a load leaves aside. */
export function warnerOf({ onWarning = Model.onWarning }: LoadOptions): Warn {
  return onWarning ?? ((message) => process.emitWarning(message, { type: 'ModelWarning', code: 'SJ_MODEL' }));
}

function renew(weight: Weight | Vector, master: Tensor): void {
  if (weight instanceof Weight) weight.repack(master);
  else copyTo(weight.value.dtype === 'bf16' ? cast(master, 'bf16') : master, weight.value);
}

function shapeOf(weight: Weight | Vector): number[] {
  return weight instanceof Weight ? weight.shape : [...weight.value.shape];
}
