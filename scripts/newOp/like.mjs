// Which op another can be made like, and what it takes and gives.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nearest } from '../nearest.mjs';
import { camel, snake } from '../opCatalog.mjs';
import { readContracts } from '../opContracts.mjs';
import { NewOpError } from './name.mjs';
import { shapeOf } from './shape.mjs';

/** What an op takes and gives, by its wrapper's name or its stem. Throws a NewOpError where none can be made like it. */
export function readLike(root, op) {
  const wrong = (expected, received) => {
    throw new NewOpError('--like', { expected, received });
  };
  const contracts = readContracts(root);
  const contract = contracts.find((one) => one.op === snake(op));
  if (contract === undefined) {
    const near = nearest(
      op,
      contracts.map((one) => camel(one.op)),
    );
    wrong(`an op (pnpm ops lists them)${near === undefined ? '' : `, such as ${near}`}`, op || 'none');
  }
  if (contract.op.endsWith('_backward')) wrong('a forward: its backward is made with it', op);
  const written = contract.tensors.filter(({ role }) => role.startsWith('inout')).map(({ name }) => name);
  if (written.length > 0)
    wrong('an op that makes new tensors', `${op}, which writes ${written.join(', ')} in place`);
  const shape = shapeOf(contract);
  const [, most] = readFileSync(join(root, 'native/core/contracts.h'), 'utf8').match(/kMaxTensors = (\d+);/);
  const count =
    shape.inputs.length + Math.max(shape.outputs.length, shape.upstream.length + shape.gradients.length);
  if (count > most)
    wrong(`an op whose backward has at most ${most} tensors`, `${op}, for which it has ${count}`);
  return shape;
}
