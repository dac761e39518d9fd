import { enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

/** y[i] = x[rows[i]]: x float32 or bf16 [T, D], rows int32 [R] (0 to T - 1, else a fault), y [R, D]. */
export function gatherRows(x: Tensor, rows: Tensor): Tensor {
  const y = enqueueOne('gather_rows', [x, rows]);
  const count = x.shape[0];
  record({
    op: 'gatherRows',
    inputs: [x],
    outputs: [y],
    save: () => ({ rows }),
    backward: ([dy], saved) => [dy && scatterRows(dy, saved.rows as Tensor, count)],
  });
  return y;
}

/** y [count, D] is 0 with x [R, D] added at rows [R], in ascending order of x's rows: the transpose of gatherRows. */
export function scatterRows(x: Tensor, rows: Tensor, count: number): Tensor {
  const y = enqueueOne('scatter_rows', [x, rows], [count]);
  record({
    op: 'scatterRows',
    inputs: [x],
    outputs: [y],
    save: () => ({ rows }),
    backward: ([dy], saved) => [dy && gatherRows(dy, saved.rows as Tensor)],
  });
  return y;
}
