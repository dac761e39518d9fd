import { Random } from '@selfjudge/base';
import { check, kind, number, options as optionsOf, whole } from '@selfjudge/base/checks';

export interface DataOrderOptions {
  /** Number of examples, at least 1. */
  length: number;
  /** Examples an optimizer step. */
  batchSize: number;
  /** Passes over the data; may be a fraction. Ignored when `maxSteps` is above 0. */
  epochs: number;
  /** Number of steps whatever the number of examples, or 0. */
  maxSteps: number;
  seed: number;
}

const orderOptions = optionsOf({
  length: kind(
    'at least one example to train on',
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  ),
  batchSize: whole(1),
  epochs: number({ min: 0 }),
  maxSteps: whole(0),
  seed: whole(0),
});

/**
 * Which examples a step sees: a pure function of (seed, step), so a resumed run goes on where it was without any
 * saved position. Each epoch is its own permutation; batches run on across epochs, and only the last batch of a run
 * measured in epochs may be smaller.
 */
export class DataOrder {
  readonly totalSteps: number;
  private readonly end: number;
  private shuffled?: { epoch: number; order: number[] };

  constructor(private readonly options: DataOrderOptions) {
    check('DataOrder', { options }, { options: orderOptions });
    const { length, batchSize, epochs, maxSteps } = options;
    this.end = maxSteps > 0 ? maxSteps * batchSize : Math.max(1, Math.round(epochs * length));
    this.totalSteps = Math.ceil(this.end / batchSize);
  }

  /** Indices of the examples of `step`, counted from 1. */
  batch(step: number): number[] {
    check('DataOrder.batch', { step }, { step: whole(1, this.totalSteps) });
    const { batchSize } = this.options;
    const first = (step - 1) * batchSize;
    const count = Math.min(batchSize, this.end - first);
    return Array.from({ length: count }, (_, i) => this.at(first + i));
  }

  /** Index of the example at a place in the order, counted from 0; it goes on past the run's last one. */
  row(position: number): number {
    check('DataOrder.row', { position }, { position: whole(0) });
    return this.at(position);
  }

  /** Passes over the data completed after `step`. */
  epoch(step: number): number {
    check('DataOrder.epoch', { step }, { step: whole(0) });
    return Math.min(step * this.options.batchSize, this.end) / this.options.length;
  }

  private at(position: number): number {
    const { length, seed } = this.options;
    const epoch = Math.floor(position / length);
    if (this.shuffled?.epoch !== epoch) {
      const indices = Array.from({ length }, (_, i) => i);
      this.shuffled = { epoch, order: new Random(seed, epoch).shuffled(indices) };
    }
    return this.shuffled.order[position % length];
  }
}
