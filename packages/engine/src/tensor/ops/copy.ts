import { instance } from '@selfjudge/base/checks';
import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import { orDispose } from '../scope.js';
import { Tensor } from '../tensor.js';

const isTensor = instance(Tensor);

/** Copies x over y: same shape and dtype, float32, bf16 or int32, rows. No gradient. */
export function copyTo(x: Tensor, y: Tensor): void {
  assertUntracked(x, 'copyTo');
  assertUntracked(y, 'copyTo');
  enqueue('copy', [x, y]);
}

/** The same values in memory of their own. No gradient. */
export function clone(x: Tensor): Tensor {
  isTensor(x, 'x', 'clone');
  const y = Tensor.empty(x.device, x.shape, x.dtype);
  orDispose([y], () => copyTo(x, y));
  return y;
}
