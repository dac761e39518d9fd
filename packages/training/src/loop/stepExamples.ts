import { ArgumentError } from '@selfjudge/base';
import type { Problem } from '@selfjudge/data';
import type { DataOrder } from './dataOrder.js';
import type { Kept, TaskState } from './taskState.js';

/** Rows made ready for training, and what that cost: nothing is left out or shortened without being counted. */
export interface Prepared<T> {
  examples: T[];
  /** Rows left out, and where they stand in their file. */
  dropped: { id: string; place?: string; problem: Problem }[];
  /** Answers shortened to fit; they have no end token. */
  cut: number;
}

/** Examples that are made of rows when steps need them. */
export interface ExampleStream<T> {
  /** Rows, of use or not. */
  readonly length: number;
  /** As long an example as there can be. */
  readonly longest: T;
  /** What becomes of the row at an index. Rows are asked for ahead, and answered in the order they were asked for. */
  make(row: number): Promise<Prepared<T>>;
  /** Told of what each whole step cost. */
  onUsed?(used: Omit<Prepared<T>, 'examples'>): void;
}

/** All examples, known before the first step, or a stream of them. */
export type Examples<T> = readonly T[] | ExampleStream<T>;

export const areKnown = <T>(examples: Examples<T>): examples is readonly T[] => Array.isArray(examples);

/** The examples of each step, in the order of the run. */
export interface StepExamples<T> {
  /** Work on the examples of a step. The step is done when the work is. */
  during<R>(step: number, work: (batch: T[]) => Promise<R>): Promise<R>;
  /** Of the task: how far into its rows a stream is. */
  kept: Kept;
}

/** The examples of steps, of known ones or of a stream. */
export const stepExamples = <T>(examples: Examples<T>, order: DataOrder): StepExamples<T> =>
  areKnown(examples)
    ? { during: (step, work) => work(order.batch(step).map((i) => examples[i])), kept: {} }
    : new Streamed(examples, order);

/** Rows that are asked for before they are needed: so many steps, and at least so many rows. */
const AHEAD = { steps: 2, rows: 64 };

/**
 * Steps over a stream take rows in the order of the run. A row that is left out is replaced by the next, so that every step
 * has its number of examples; steps are counted by the rows there are. Past its last row the stream goes on with the next
 * epoch's first ones.
 */
class Streamed<T> implements StepExamples<T> {
  /** Rows of all whole steps. */
  #position = 0;
  /** Those asked for, from `#position` on. */
  #asked: Promise<Prepared<T>>[] = [];
  readonly kept: Required<Kept>;

  constructor(
    private readonly stream: ExampleStream<T>,
    private readonly order: DataOrder,
  ) {
    this.kept = {
      state: () => ({ values: { position: this.#position } }),
      restore: (state) => {
        this.#position = positionIn(state);
        this.#asked = [];
      },
    };
  }

  async during<R>(step: number, work: (batch: T[]) => Promise<R>): Promise<R> {
    const wanted = this.order.batch(step).length;
    const used: Prepared<T> = { examples: [], dropped: [], cut: 0 };
    let taken = 0;
    for (let without = 0; used.examples.length < wanted; taken++) {
      this.#ask(taken + Math.max(AHEAD.rows, AHEAD.steps * wanted));
      const { examples, dropped, cut } = await this.#asked[taken];
      used.examples.push(...examples);
      used.dropped.push(...dropped);
      used.cut += cut;
      without = examples.length > 0 ? 0 : without + 1;
      if (without >= this.stream.length) throw nothingLeft(this.stream.length, used);
    }
    const result = await work(used.examples);
    this.#asked.splice(0, taken);
    this.#position += taken;
    this.stream.onUsed?.(used);
    return result;
  }

  #ask(count: number): void {
    while (this.#asked.length < count) {
      const made = this.stream.make(this.order.row(this.#position + this.#asked.length));
      // What fails is told when it is waited for.
      made.catch(() => {});
      this.#asked.push(made);
    }
  }
}

function positionIn({ values, tensors = {} }: TaskState): number {
  const { position, ...others } = (values ?? {}) as { position?: unknown };
  if (Number.isSafeInteger(position) && Object.keys({ ...others, ...tensors }).length === 0)
    return position as number;
  throw new ArgumentError('state', {
    where: 'train',
    expected: 'the number of rows that the steps before took',
    received: values,
  });
}

const nothingLeft = (rows: number, { dropped: [first] }: Prepared<unknown>): ArgumentError =>
  new ArgumentError('dataset_name', {
    where: 'train',
    expected: 'at least one row that can be used',
    received: `none of ${rows}; ${first.place ?? first.id}: ${first.problem.reason}`,
  });
