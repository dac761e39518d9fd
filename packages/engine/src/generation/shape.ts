import { forwardFlops, keyFlops, type ModelShape } from '../model/flops.js';
import type { TreeShape } from '../tensor/planner.js';

/** What sampling makes a model compute. */
export interface SamplingShape {
  /** Rows of distinct prompts, all but the last of each; they meet no head. */
  prefill: Omit<TreeShape, 'headRows'>;
  /** A row for every token sampled, and one behind each end token, see `generate`. */
  decode: TreeShape;
}

/**
 * The shape of sampling answers of these lengths. Batches and pool do not change it on a CPU; a GPU decodes in batches of
 * a power of two, whose unused rows come on top.
 *
 * @param lengths of each answer to each prompt, in tokens, the end token included
 * @param maxNewTokens at which answers are cut
 */
export function samplingShape(
  prompts: readonly ArrayLike<number>[],
  lengths: readonly (readonly number[])[],
  maxNewTokens: number,
): SamplingShape {
  const prefill = { rows: 0, pairs: 0, rowsAt: [] as number[] };
  const decode = { rows: 0, headRows: 0, pairs: 0, rowsAt: [] as number[] };
  for (const length of new Map(
    prompts.map((prompt) => [Array.from(prompt).join(), prompt.length]),
  ).values()) {
    prefill.rows += length - 1;
    prefill.pairs += triangle(length - 1);
    count(prefill.rowsAt, 0, length - 1);
  }
  prompts.forEach((prompt, i) => {
    const above = prompt.length - 1;
    for (const length of lengths[i]) {
      const rows = Math.min(length + 1, maxNewTokens);
      decode.rows += rows;
      decode.pairs += triangle(above + rows) - triangle(above);
      count(decode.rowsAt, above, above + rows);
    }
  });
  decode.headRows = decode.rows;
  return { prefill, decode };
}

/** Floating-point operations of it; see `forwardFlops`. */
export function samplingFlops(model: ModelShape, { prefill, decode }: SamplingShape): number {
  return keyFlops(model, prefill) + forwardFlops(model, decode);
}

/** One more row at each depth from `from` to `to`, exclusive. */
function count(rowsAt: number[], from: number, to: number): void {
  for (let depth = rowsAt.length; depth < to; depth++) rowsAt[depth] = 0;
  for (let depth = from; depth < to; depth++) rowsAt[depth]++;
}

/** Pairs of a path: each row sees those above and itself. */
const triangle = (rows: number) => (rows * (rows + 1)) / 2;
