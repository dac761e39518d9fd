import { enqueue } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { clone } from './copy.js';

/**
 * Rotates the pairs (x[i], x[i + r/2]), i < r/2, by the angles of each row's position (RoFormer, arXiv 2104.09864,
 * half-split); what is past the first r values of a head stays as it is, to the bit. Works in place: x, and every view of its memory, is dead afterwards.
 * @param x float32 or bf16 [T, H, d].
 * @param table float32 [P, r], r even and at most d: the cosines of the r/2 angles of a position, then the sines.
 * @param positions int32 [T], 0 to P - 1; anything else is a fault.
 */
export function rope(x: Tensor, table: Tensor, positions: Tensor): Tensor {
  enqueue('rope', [x, table, positions], ['forward']);
  const y = x.donate('rope');
  record({
    op: 'rope',
    inputs: [x],
    outputs: [y],
    save: () => ({ table, positions }),
    backward: ([dy], saved) => {
      if (dy === undefined) return [undefined];
      const turned = dy.exclusive ? dy : clone(dy);
      enqueue('rope', [turned, saved.table, saved.positions], ['inverse']);
      return [turned];
    },
  });
  return y;
}
