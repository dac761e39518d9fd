import { Adapter } from '@selfjudge/engine';
import { LINEARS, type ModelConfig } from '@selfjudge/engine';
import { Model } from '@selfjudge/engine';
import type { ParameterSet } from '@selfjudge/engine';
import type { ModelView } from '@selfjudge/engine';
import type { Device } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tape } from '@selfjudge/engine';
import type { TreeBatch } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import { Autodiff, matrix, type Matrix } from './autodiff.js';
import { referenceLogprobs, type ReferenceModel } from './autodiffLlama.js';
import type { StorageType } from './case.js';
import { Random } from './random.js';
import { tinyConfig } from './tinyModel.js';

export interface SubjectOptions {
  config: Partial<ModelConfig>;
  /** Train the weights and both adapters, or one adapter on everything else frozen. */
  trained: 'adapter' | 'everything';
}

/** By the names of transformers and PEFT, the second adapter's after `trained `. */
export type Gradients = Map<string, Float64Array>;

export const dropoutKey = { seed: 4_000_000_000, step: 17 };

/** A tiny Llama with two adapters, as the product computes it and as float64 does, from the same stored values. */
export class GradientSubject {
  readonly view: ModelView;
  readonly #model: Model;
  readonly #reference: ReferenceModel;
  readonly #sets: [prefix: string, set: ParameterSet][];

  private constructor(
    model: Model,
    adapters: readonly Adapter[],
    reference: ReferenceModel,
    sets: [string, ParameterSet][],
  ) {
    this.#model = model;
    this.view = model.view(adapters);
    this.#reference = reference;
    this.#sets = sets;
  }

  static async create(device: Device, dtype: StorageType, options: SubjectOptions): Promise<GradientSubject> {
    const config = { ...tinyConfig, ...options.config };
    const random = new Random('gradient subject');
    const everything = options.trained === 'everything';
    const filled = Model.init(config, { device, dtype, seed: 1 });
    const weights = filled.makeTrainable();
    fill(weights, random);
    const model = everything ? filled : filled.clone();
    if (!everything) filled.dispose();

    const frozen = Adapter.init(
      model,
      { r: 2, alpha: 3, dropout: 0.5, targetModules: ['q_proj', 'v_proj'] },
      1,
    );
    const trained = Adapter.init(model, { r: 3, alpha: 6, dropout: 0.2, targetModules: [...LINEARS] }, 2);
    const sets = [frozen, trained].map((adapter) => adapter.makeTrainable());
    for (const set of sets) fill(set, random);
    const adapters = await Promise.all(
      [frozen, trained].map(async (adapter, i) => ({
        matrices: split(sets[i], await sets[i].read()),
        scale: adapter.scale,
        dropout: everything || adapter === trained ? adapter.config.dropout : 0,
      })),
    );
    if (!everything) frozen.freeze();
    const reference = { config, weights: await stored(model), adapters };
    const own: [string, ParameterSet][] = [['trained ', sets[1]]];
    if (everything) own.push(['', sets[0]], ['', weights]);
    return new GradientSubject(model, [frozen, trained], reference, own);
  }

  /** The product on a packed tree: log-probabilities and gradients for d loss / d logp of each label. */
  async packed(
    batch: TreeBatch,
    slopes: Float32Array,
  ): Promise<{ logp: Float32Array; gradients: Gradients }> {
    const tape = new Tape();
    const output = tape.run(() => tidy(() => this.view.logprobs(batch, { dropout: dropoutKey })));
    tape.backward(output, slopes);
    const logp = (await output.read()) as Float32Array;
    output.dispose();
    const gradients: Gradients = new Map();
    for (const [prefix, set] of this.#sets) {
      for (const [name, { data }] of split(set, (await set.grad.read()) as Float32Array)) {
        gradients.set(prefix + name, data);
      }
      set.zeroGrad();
    }
    return { logp, gradients };
  }

  /** The same in float64, of one sequence alone; gradients add up over calls until `takeReference`. */
  reference(alone: TreeBatch, slopes: ArrayLike<number>): Float64Array {
    const ad = new Autodiff();
    const path = { tokens: alone.tokens, rowKeys: alone.rowKeys, ...dropoutKey };
    const y = referenceLogprobs(ad, this.#reference, path);
    const { row, label } = alone.labels;
    const place = (l: number) => alone.headRows[row[l]] * y.columns + label[l];
    const logp = Float64Array.from(label, (_, l) => y.data[place(l)]);
    const seed = new Float64Array(y.data.length);
    label.forEach((_, l) => (seed[place(l)] += slopes[l]));
    ad.backward(y, seed);
    return logp;
  }

  takeReference(): Gradients {
    const { weights, adapters } = this.#reference;
    const all = [weights, adapters[0].matrices];
    const named = [...all.flatMap((map) => [...map]), ...prefixed('trained ', adapters[1].matrices)];
    return new Map(
      named.map(([name, { grad }]) => {
        const taken = grad.slice();
        grad.fill(0);
        return [name, taken];
      }),
    );
  }

  dispose(): void {
    for (const adapter of this.view.adapters) adapter.dispose();
    this.#model.dispose();
  }
}

/**
 * Matrices of normals that halve the size of rows, norms about 1, biases about 0. Larger ones saturate attention, and
 * then the gradient itself is ill-conditioned: one rounding of each weight moves it by more than the bound.
 */
function fill(set: ParameterSet, random: Random): void {
  const values = new Float32Array(set.size);
  for (const { name, offset, shape } of set.entries) {
    const mean = name.endsWith('norm.weight') ? 1 : 0;
    const scale = shape.length === 2 ? 0.5 / Math.sqrt(shape[1]) : 0.2;
    const size = shape.reduce((a, b) => a * b, 1);
    values.set(
      random.normals(size, scale).map((x) => x + mean),
      offset,
    );
  }
  set.load(values);
}

function split(set: ParameterSet, values: Float32Array): Map<string, Matrix> {
  return new Map(
    set.entries.map(({ name, offset, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        matrix(Float64Array.from(values.subarray(offset, offset + size)), shape[shape.length - 1]),
      ];
    }),
  );
}

/** The weights as the model holds them, rounded to its dtype. */
async function stored(model: Model): Promise<Map<string, Matrix>> {
  const values = new Map<string, Matrix>();
  for (const { name, shape, weight } of model.parameters()) {
    const tensor = weight instanceof Weight ? weight.rows() : weight.value;
    values.set(name, matrix(Float64Array.from(await tensor.read()), shape[shape.length - 1]));
    if (weight instanceof Weight) tensor.dispose();
  }
  return values;
}

function prefixed(prefix: string, map: ReadonlyMap<string, Matrix>): [string, Matrix][] {
  return [...map].map(([name, value]) => [prefix + name, value]);
}
