import { contracts } from '@selfjudge/native';
import { ArgumentError, ForeignError } from '@selfjudge/base';
import { fromNative } from './nativeErrors.js';
import { Tensor } from './tensor.js';
import { DeviceTree } from './deviceTree.js';

/** Names of the tensors of each op, a slot each. Made by the first call: an import must not open the addon. */
let slots: ReadonlyMap<string, readonly string[]> | undefined;

function slotsOf(op: string): readonly string[] {
  slots ??= new Map(contracts().map(({ op, tensors }) => [op, tensors.map(({ name }) => name)]));
  return slots.get(op) as readonly string[];
}

/**
 * Enqueues an op on the device of its tensors. `tensors` and `numbers` are in the order of the op's contract
 * (native/include/ops); undefined stands for an absent tensor, and trailing output slots may be left out. Returns the
 * outputs in slot order, undefined where the call does not produce one. Shapes, dtypes and ranges are checked natively,
 * by the contract. An attribute that is an enumeration is one of its contract's words.
 */
export function enqueue(
  op: string,
  tensors: readonly (Tensor | undefined)[],
  numbers: readonly (number | string)[] = [],
  tree?: DeviceTree,
): (Tensor | undefined)[] {
  const names = slotsOf(op);
  const first = tensors.find((x) => x !== undefined);
  if (first === undefined) throw notTensor(op, names[0], first);
  const handles: (number | null)[] = tensors.map((x, i) => {
    if (x === undefined) return null;
    if (!(x instanceof Tensor)) throw notTensor(op, names[i], x);
    if (x.device === first.device) return x.handle(op, names[i]);
    throw new ForeignError(names[i], {
      where: op,
      expected: 'tensors of one device',
      received: `one of shape [${x.shape.join(', ')}] of another device`,
    });
  });
  for (let i = handles.length; i < names.length; i++) handles.push(null);
  if (tree !== undefined && !(tree instanceof DeviceTree)) {
    throw new ArgumentError('tree', { where: op, expected: 'a DeviceTree', received: tree });
  }
  const { device } = first;
  let outputs;
  try {
    outputs = device.native.enqueue(
      op,
      handles,
      numbers as (number | string)[],
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
  tensors: readonly (Tensor | undefined)[],
  numbers: readonly (number | string)[] = [],
): Tensor {
  return enqueue(op, tensors, numbers)[0] as Tensor;
}

function notTensor(op: string, what: string, received: unknown): ArgumentError {
  return new ArgumentError(what, { where: op, expected: 'a Tensor', received });
}
