import type { Prepared } from '@selfjudge/training/internal';
import { countLeftOut, type Tally, type Warn } from '../rows/datasets.js';

/** Rows of which all examples are known before the first step; of more, each is made when a step needs it. */
export const KNOWN_ROWS = 100_000;

/** So many times as many rows have to be left out for it to be said again. */
const AGAIN = 10;

/** What is said at the start of a run whose examples are made as steps need them. */
export const streamedNote = (rows: number, what: string): string =>
  `${what} of ${rows} rows are made as steps need them, in a thread beside the training: steps count rows that were read, and one ` +
  'that is left out is replaced by the next';

/** Tells of rows that are left out or shortened as they come: of the first, and again at ten times as many. */
export class UsedRows {
  readonly #codes = new Map<string, number>();
  #count = 0;
  #cut = 0;
  #sayAt = 1;

  constructor(
    private readonly what: string,
    private readonly tally: Tally | undefined,
    private readonly warn: Warn,
  ) {}

  add({ dropped, cut }: Omit<Prepared<unknown>, 'examples'>): void {
    for (const { problem } of dropped)
      this.#codes.set(problem.code, (this.#codes.get(problem.code) ?? 0) + 1);
    countLeftOut(
      this.tally,
      dropped.map(({ problem }) => problem.code),
    );
    if (this.tally !== undefined) this.tally.cut += cut;
    this.#cut += cut;
    this.#count += dropped.length;
    if (this.#count < this.#sayAt) return;
    while (this.#sayAt <= this.#count) this.#sayAt *= AGAIN;
    const { id, place = id, problem } = dropped.at(-1)!;
    this.warn(`${this.#text('so far')}; the last: ${place} (${problem.reason})`);
  }

  /** Says what it was in all, where it was anything. */
  end(): void {
    if (this.#count > 0 || this.#cut > 0) this.warn(this.#text('in all, since the run began or went on'));
  }

  #text(when: string): string {
    const codes = [...this.#codes].map(([code, count]) => `${count} ${code}`);
    const left = `${this.#count} ${this.what} left out ${when}${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`;
    return this.#cut > 0
      ? `${left}; ${this.#cut} answers shortened to fit max_length; they have no end token`
      : left;
  }
}
