import { oneOf } from '@selfjudge/base/checks';
import { enqueueOne } from '../enqueue.js';
import { record } from '../recording.js';
import type { Tensor } from '../tensor.js';

const isFloat = oneOf('float32', 'bf16');

/** x in another dtype; bf16 by rounding to nearest even. A new tensor even when the dtype is the same. */
export function cast(x: Tensor, dtype: 'float32' | 'bf16'): Tensor {
  isFloat(dtype, 'dtype', 'cast');
  const y = enqueueOne(dtype === 'bf16' ? 'cast_bf16' : 'cast_f32', [x]);
  const from = x.dtype as 'float32' | 'bf16';
  record({ op: 'cast', inputs: [x], outputs: [y], backward: ([dy]) => [dy && cast(dy, from)] });
  return y;
}
