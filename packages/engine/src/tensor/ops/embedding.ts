import { enqueue, enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { packedOf, type Weight } from '../weight.js';

/**
 * y[t] = table[ids[t]]: [T, D] in the table's dtype.
 * @param table [V, D], shared with the head when tied.
 * @param ids int32 [T], 0 to V - 1; anything else is a fault.
 */
export function embedding(table: Weight, ids: Tensor): Tensor {
  const y = enqueueOne('embedding', [packedOf(table, 'embedding', 'table'), ids]);
  record({
    op: 'embedding',
    inputs: [],
    parameters: [table],
    outputs: [y],
    save: () => ({ ids }),
    backward: ([dy], saved) => {
      if (dy !== undefined && table.grad !== undefined) {
        enqueue('embedding_backward', [dy, saved.ids, table.grad]);
      }
      return [];
    },
  });
  return y;
}
