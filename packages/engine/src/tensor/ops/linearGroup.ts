import { check, having, list, number, object, optional } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { enqueue } from '../enqueue.js';
import { currentRecorder } from '../recording.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';
import { isVector, type LinearAdapter, type Vector } from '../vector.js';
import { packedOf, type Weight } from '../weight.js';

/** One of the layers of `linearGroup`. */
export interface LinearPart {
  /** [N, K] of x's dtype. */
  weight: Weight;
  /** [N], x's dtype. */
  bias?: Vector;
  /** At most two, on all rows and without dropout. */
  adapters?: readonly Pick<LinearAdapter, 'a' | 'b' | 'scale'>[];
}

// The rest is the op's to check.
const isAdapter = having('an adapter', { a: isVector, b: isVector, scale: number() });
const linearGroupArguments = {
  parts: list(object({ bias: optional(isVector), adapters: optional(list(isAdapter)) })),
};

/**
 * Two or three linear layers of one x at once: a step of decoding has too little of each. No gradient.
 * @param x float32 or bf16 [T, K].
 * @returns of each layer what `linear` gives, to the bit
 */
export function linearGroup(x: Tensor, parts: readonly LinearPart[]): Tensor[] {
  check('linearGroup', { parts }, linearGroupArguments);
  const wrong = (what: string, expected: string, received: unknown) =>
    new ArgumentError(what, { where: 'linearGroup', expected, received });
  if (parts.length < 2 || parts.length > 3) throw wrong('parts', '2 or 3', parts.length);
  assertUntracked(x, 'linearGroup');
  const tensors: (Tensor | undefined)[] = [x];
  const scales = [0, 0, 0, 0, 0, 0];
  for (const [i, { weight, bias, adapters = [] }] of parts.entries()) {
    const [first, second, third] = adapters;
    if (third !== undefined) throw wrong(`parts[${i}].adapters`, 'at most 2', adapters.length);
    const packed = packedOf(weight, 'linearGroup', `parts[${i}].weight`);
    const trained = [weight, bias, first?.a, first?.b, second?.a, second?.b].some((one) => one?.grad);
    if (trained && currentRecorder() !== undefined)
      throw wrong(`parts[${i}]`, 'a layer that is not trained, while a tape runs', 'a trained one');
    tensors.push(packed, bias?.value, first?.a.value, first?.b.value, second?.a.value, second?.b.value);
    scales[2 * i] = first?.scale ?? 0;
    scales[2 * i + 1] = second?.scale ?? 0;
  }
  return enqueue('linear_group', tensors, scales).filter((y) => y !== undefined);
}
