// What an op made like another takes and gives: the tensors of its contract and of the backward that goes with it.
import { camel } from '../opCatalog.mjs';

/**
 * @param {object} contract one of opContracts.mjs
 * @returns {{ inputs: object[], outputs: object[], gradients: object[], upstream: object[], numbers: object[], tree: boolean,
 *   sums: { forward: [object, object[]][], backward: [object, object[]][] } }}
 *   `gradients` are the outputs of the backward, one for each input that has one, and `upstream` its gradients of outputs;
 *   both are empty where there is nothing to differentiate. `sums`: each output with the tensors of its shape and dtype.
 */
export function shapeOf(contract) {
  const tensors = contract.tensors.map((tensor) => ({
    ...tensor,
    id: camel(tensor.name),
    slot: tensor.name.toUpperCase(),
    kind: kindOf(tensor),
    words: tensor.shape.split(' '),
    stored: storedAs(tensor, contract.tensors),
  }));
  const inputs = tensors.filter(({ role }) => role !== 'out');
  const outputs = tensors.filter(({ role }) => role === 'out');
  const trained = inputs.filter(({ kind }) => kind === 'activation');
  const floats = outputs.filter(({ kind }) => kind !== 'ints');
  // Of an output of ids there is no gradient: an op with one is made as one that has no backward.
  const differentiable = trained.length > 0 && outputs.length > 0 && floats.length === outputs.length;
  // One gradient alone is always there; of several, those that something used.
  const sure = floats.length === 1 && floats[0].when === null;
  const upstream = differentiable
    ? floats.map((y) => ({ ...gradientOf(y), role: sure ? 'in' : 'optional', when: null }))
    : [];
  const gradients = differentiable
    ? trained.map((x) => ({
        ...gradientOf(x),
        role: 'out',
        like: x.name,
        when: x.role === 'optional' ? x.name : null,
      }))
    : [];
  const sums = (outs, sources) => outs.map((out) => [out, sources.filter((source) => alike(source, out))]);
  return {
    inputs,
    outputs,
    upstream,
    gradients,
    numbers: contract.numbers.map((number) => ({ ...number, id: camel(number.name) })),
    tree: contract.tree,
    sums: { forward: sums(outputs, trained), backward: sums(gradients, upstream) },
  };
}

const gradientOf = (tensor) => ({
  ...tensor,
  name: `d${tensor.name}`,
  id: `d${tensor.id[0].toUpperCase()}${tensor.id.slice(1)}`,
  slot: `D${tensor.slot}`,
});

const alike = (a, b) => a.kind !== 'ints' && a.shape === b.shape && a.stored === b.stored;

function kindOf({ dtypes, panels }) {
  if (panels) return 'weight';
  if (dtypes.includes('int32')) return 'ints';
  return dtypes.includes('bf16') && dtypes.includes('float32') ? 'activation' : 'float32';
}

/** The tensor whose dtype decides this one's, or the one dtype it has. */
function storedAs(tensor, tensors) {
  if (tensor.like !== null)
    return storedAs(
      tensors.find(({ name }) => name === tensor.like),
      tensors,
    );
  return tensor.dtypes.length > 1 ? tensor.name : tensor.dtypes[0];
}
