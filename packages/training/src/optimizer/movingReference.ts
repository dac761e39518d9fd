import { add, copyTo, scale, Tensor, type ModelView, type ParameterSet } from '@selfjudge/engine';
import { clone, tidy } from '@selfjudge/engine/internal';
import { ArgumentError } from '@selfjudge/base';

/** What computes for a reference, and can be given other values. */
interface Copy {
  view: ModelView;
  /** @param values float32 [size], laid out as the policy's set */
  assign(values: Tensor): void;
  dispose(): void;
}

/**
 * A reference that moves (TR-DPO, arXiv 2404.09656): it begins as its policy is, and each `follow` makes of it
 * alpha x policy + (1 - alpha) x itself, in float32 whatever the weights are stored in. With alpha 1 it has the policy's bits.
 */
export class MovingReference {
  readonly view: ModelView;
  readonly #policy: ParameterSet;
  readonly #alpha: number;
  readonly #copy: Copy;
  /** float32 [size]: what the copy holds, before it is rounded to the dtype of the weights. */
  readonly #value: Tensor;

  /** @param alpha above 0, at most 1 */
  constructor(policy: ParameterSet, alpha: number, copy: Copy) {
    this.view = copy.view;
    this.#policy = policy;
    this.#alpha = alpha;
    this.#copy = copy;
    this.#value = clone(policy.value);
    copy.assign(this.#value);
  }

  follow(): void {
    const [alpha, value] = [this.#alpha, this.#value];
    tidy(() => {
      // A matrix at a time: whole sets beside each other would be memory that nothing else of a step needs.
      for (const { offset, shape } of this.#policy.entries) {
        const part = (x: Tensor) => x.view(offset, shape);
        const policy = part(this.#policy.value);
        const mixed = alpha === 1 ? policy : add(scale(policy, alpha), scale(part(value), 1 - alpha));
        copyTo(mixed, part(value));
      }
    });
    this.#copy.assign(value);
  }

  /** float32 [size], for a checkpoint. */
  async read(): Promise<Float32Array> {
    return (await this.#value.read()) as Float32Array;
  }

  /** Takes up what `read` gave. @throws ArgumentError for another number of values, before anything changes */
  load(values: Float32Array): void {
    const { size, device } = this.#value;
    if (values.length !== size)
      throw new ArgumentError('reference', {
        where: 'MovingReference.load',
        expected: `${size} values, as many as the policy has`,
        received: values.length,
      });
    tidy(() => copyTo(Tensor.from(device, values, [size]), this.#value));
    this.#copy.assign(this.#value);
  }

  dispose(): void {
    this.#copy.dispose();
    this.#value.dispose();
  }
}
