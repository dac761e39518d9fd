import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { ExampleStream, ExampleWork, Prepared } from '@selfjudge/training/internal';
import { exactText } from '@selfjudge/text/internal';

/** Packages have names here, wherever they lie. */
const { resolve } = createRequire(import.meta.url);

export interface ThreadOptions<R, T> extends ExampleWork {
  /** The same as the thread does. */
  prepare(row: R): Prepared<T>;
  longest: T;
  onUsed(used: Omit<Prepared<T>, 'examples'>): void;
}

/**
 * Examples of rows, made in a thread of their own in the order in which they are asked for. What fails there is made once more
 * here, so that who waits for it gets the error itself; so is everything after the thread has ended before its time.
 */
export class ExampleThread<R extends { id: string; place?: string }, T> implements ExampleStream<T> {
  readonly longest: T;
  readonly #worker: Worker;
  #waiting: { row: R; resolve(made: Prepared<T>): void; reject(error: unknown): void }[] = [];
  #ended = false;

  constructor(
    private readonly rows: readonly R[],
    private readonly options: ThreadOptions<R, T>,
  ) {
    const { method, options: ofMethod, files, settings } = options;
    this.longest = options.longest;
    const workerData: ExampleWork = { method, options: ofMethod, files, settings };
    this.#worker = new Worker(resolve('@selfjudge/training/exampleWorker'), { workerData });
    // A run that ends does not wait for it.
    this.#worker.unref();
    this.#worker.on('message', (made: Prepared<T> | undefined) => this.#answer(made));
    this.#worker.on('error', () => this.#end());
    this.#worker.on('exit', () => this.#end());
  }

  get length(): number {
    return this.rows.length;
  }

  make(index: number): Promise<Prepared<T>> {
    return new Promise((resolve, reject) => {
      const row = this.rows[index];
      this.#waiting.push({ row, resolve, reject });
      if (this.#ended) this.#answer(undefined);
      else this.#worker.postMessage(exactText(row), []);
    });
  }

  onUsed(used: Omit<Prepared<T>, 'examples'>): void {
    this.options.onUsed(used);
  }

  /** Ends the thread. */
  dispose(): void {
    this.#waiting = [];
    void this.#worker.terminate();
  }

  #answer(made: Prepared<T> | undefined): void {
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    try {
      asked.resolve(made ?? this.options.prepare(asked.row));
    } catch (error) {
      asked.reject(error);
    }
  }

  #end(): void {
    this.#ended = true;
    while (this.#waiting.length > 0) this.#answer(undefined);
  }
}
