import { ONE_RANK, type Ranks } from './ranks.js';

/** How the gradient of a step is summed: over slices of its rows, and by which rank. */
export interface Leaves {
  readonly ranks: Ranks;
  /** Slices of a step, over all ranks. */
  readonly count: number;
  /**
   * Runs `work`, which adds to the gradients, on each slice of this rank; afterwards they hold the sum over all slices of all
   * ranks. They are zero before. What a loss divides by is of all rows, and so known to whoever calls.
   * @returns what `work` said of every slice, in order; what structured cloning keeps
   */
  each<R, T>(rows: readonly R[], work: (slice: readonly R[]) => Promise<T>): Promise<T[]>;
}

/** All rows at once in this process: no sum is made but those of the backward pass. */
export const WHOLE: Leaves = {
  ranks: ONE_RANK,
  count: 1,
  each: async (rows, work) => [await work(rows)],
};
