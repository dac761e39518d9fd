import { contracts } from '@selfjudge/native';
import { ForeignError } from '../errors.js';
import type { Device } from './device.js';
import { fromNative } from './nativeErrors.js';
import { Tensor } from './tensor.js';
import type { TreePlan } from './treePlan.js';

/** Number of tensor slots of each op. */
const slots = new Map(contracts().map((contract) => [contract.op, contract.tensors.length]));

/**
 * Enqueues an op. `tensors` and `numbers` are in the order of the op's contract (native/include/ops); undefined
 * stands for an absent tensor, and trailing output slots may be left out. Returns the outputs in slot order,
 * undefined where the call does not produce one. Shapes, dtypes and ranges are checked natively, by the contract.
 */
export function enqueue(
  op: string,
  device: Device,
  tensors: readonly (Tensor | undefined)[],
  numbers: readonly number[] = [],
  tree?: TreePlan,
): (Tensor | undefined)[] {
  const handles: (number | null)[] = tensors.map((x) => {
    if (x === undefined) return null;
    if (x.device !== device) {
      throw new ForeignError('tensor', {
        where: op,
        expected: 'tensors of one device',
        received: `one of shape [${x.shape.join(', ')}] of another device`,
      });
    }
    return x.handle(op);
  });
  for (let i = handles.length; i < (slots.get(op) ?? 0); i++) handles.push(null);
  let outputs;
  try {
    outputs = device.native.enqueue(
      op,
      handles,
      numbers as number[],
      tree === undefined ? null : tree.handle(op),
    );
  } catch (error) {
    throw fromNative(error);
  }
  return outputs.map((native) => (native === null ? undefined : Tensor.adopt(device, native)));
}

/** `enqueue` for an op with one output that is always there. */
export function enqueueOne(
  op: string,
  device: Device,
  tensors: readonly (Tensor | undefined)[],
  numbers: readonly number[] = [],
  tree?: TreePlan,
): Tensor {
  return enqueue(op, device, tensors, numbers, tree)[0] as Tensor;
}
