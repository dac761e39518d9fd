import { model as isModel } from '../checks.js';
import { check, float32s, having, object, whole } from '@selfjudge/base/checks';
import { ArgumentError, Random } from '@selfjudge/base';
import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/cast.js';
import { gatherRows } from '../tensor/ops/rows.js';
import { linear } from '../tensor/ops/linear.js';
import { reshape } from '../tensor/ops/reshape.js';
import { orDispose, owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { Weight } from '../tensor/weight.js';
import { ParameterSet } from './parameterSet.js';
import type { ModelWeights } from './weights.js';

/** The head's tensor in a folder of transformers' sequence classification. */
export const SCORE = 'score.weight';

/** A ScoreHead, by what those who take one use. */
export const isScoreHead = having('a ScoreHead', { weight: object({}), size: whole(1) });

/**
 * A linear layer from a hidden row to one number, without bias: the head of a reward or a value. float32 whatever the
 * model's dtype, so that its gradient and its values are not rounded to bf16. Frozen until `makeTrainable()`.
 */
export class ScoreHead {
  /** Set while it is trained. */
  parameterSet?: ParameterSet;
  readonly weight: Weight;
  /** float32 [1, hiddenSize]. */
  readonly #value: Tensor;

  private constructor(device: Device, values: Float32Array) {
    const value = owned(() => Tensor.from(device, values, [1, values.length]));
    this.#value = value;
    this.weight = orDispose([value], () => Weight.pack(value, 'float32'));
  }

  /** A head from normal(0, 0.02), as transformers makes one that a model's files do not have. */
  static init(model: ModelWeights, seed: number): ScoreHead {
    check('ScoreHead.init', { model, seed }, { model: isModel, seed: whole(0) });
    const random = new Random(seed);
    const values = Float32Array.from({ length: model.config.hiddenSize }, () => 0.02 * random.normal());
    return new ScoreHead(model.device, values);
  }

  /** The head of these values, one for each column of the model's hidden rows. */
  static of(model: ModelWeights, values: Float32Array): ScoreHead {
    check('ScoreHead.of', { model, values }, { model: isModel, values: float32s });
    const { device, config } = model;
    if (values.length !== config.hiddenSize || !values.every(Number.isFinite)) {
      throw new ArgumentError('values', {
        where: 'ScoreHead.of',
        expected: `${config.hiddenSize} finite values, as wide as the model`,
        received:
          values.length === config.hiddenSize ? values.find((x) => !Number.isFinite(x)) : values.length,
      });
    }
    return new ScoreHead(device, values);
  }

  /** The width of the rows it reads. */
  get size(): number {
    return this.#value.size;
  }

  /** One float32 number, hidden row times weight, for each of `rows`, indices into `hidden`; recorded when a tape runs. */
  scores(hidden: Tensor, rows: Int32Array): Tensor {
    return tidy(() => {
      const each = linear(hidden.dtype === 'bf16' ? cast(hidden, 'float32') : hidden, this.weight);
      const wanted = gatherRows(each, Tensor.from(hidden.device, rows, [rows.length]));
      return reshape(wanted, [rows.length]);
    });
  }

  /** The values: [hiddenSize]. */
  async read(): Promise<Float32Array> {
    return (await this.#value.read()) as Float32Array;
  }

  /** Starts training. Calling it again returns the same set, of one entry, `score.weight`. */
  makeTrainable(): ParameterSet {
    if (this.parameterSet !== undefined) return this.parameterSet;
    const { size, weight } = this;
    const flat = owned(() => this.#value.view(0, [size]));
    const entries = [{ name: SCORE, offset: 0, shape: [1, size] }];
    const set = orDispose(
      [flat],
      () => new ParameterSet(flat.device, flat, entries, () => weight.repack(this.#value)),
    );
    orDispose([flat, set.grad], () => (weight.grad = owned(() => set.grad.view(0, [1, size]))));
    this.parameterSet = set;
    return set;
  }

  /** Ends training: gradients are dropped, the values stay. */
  freeze(): void {
    this.weight.grad?.dispose();
    delete this.weight.grad;
    this.parameterSet?.value.dispose();
    this.parameterSet?.grad.dispose();
    delete this.parameterSet;
  }

  dispose(): void {
    this.freeze();
    this.weight.dispose();
    this.#value.dispose();
  }
}
