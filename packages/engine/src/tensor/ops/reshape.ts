import { check, instance, list, whole } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { record } from '../recording.js';
import { Tensor } from '../tensor.js';

const reshapeArguments = { x: instance(Tensor), shape: list(whole(1)) };

/** The same values in another shape of the same size, on the same memory: [T, H d] as [T, H, d] and back. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  check('reshape', { x, shape }, reshapeArguments);
  x.handle('reshape', 'x');
  const size = shape.reduce((product, n) => product * n, 1);
  if (size !== x.size) {
    throw new ArgumentError('shape', {
      where: 'reshape',
      expected: `${x.size} elements in all, as in [${x.shape.join(', ')}]`,
      received: `[${shape.join(', ')}]`,
    });
  }
  const y = x.alias(0, shape);
  const { shape: before } = x;
  record({ op: 'reshape', inputs: [x], outputs: [y], backward: ([dy]) => [dy?.alias(0, before)] });
  return y;
}
