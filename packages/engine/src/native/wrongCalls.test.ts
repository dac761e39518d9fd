import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NativeDevice, contracts } from '@selfjudge/native';
import type { NativeContract, NativeError } from '@selfjudge/native';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherWords, place, validCall, type CallShape } from '@selfjudge/testing/contractCalls';
import { ContractFaults, type Strangers, type WrongScripts } from '@selfjudge/testing/contractFaults';
import { F32, openNative } from '@selfjudge/testing/native';
import { notHandle, notList, notNumber } from '@selfjudge/testing/wrongValues';

const SEED = 20240211;
const native = pathToFileURL(createRequire(import.meta.url).resolve('@selfjudge/native')).href;
const { device, floats } = openNative();
const other = new NativeDevice('cpu');
const closed = new NativeDevice('cpu');
closed.close();

/** A device in another environment, alive until the tests are over. */
const worker = new Worker(
  `const { parentPort } = require('node:worker_threads');
   import(${JSON.stringify(native)}).then(({ NativeDevice }) => {
     const device = new NativeDevice('cpu');
     const tensor = device.upload(new Float32Array(4), 0, [2, 2]).handle;
     const tree = device.tree(new Int32Array([0, 1, -1]));
     parentPort.on('message', () => device.close());
     parentPort.postMessage({ tensor, tree });
   });`,
  { eval: true },
);

let strangers: Omit<Strangers, 'forged'>;
/** Wrong calls made, each of which threw the right error. */
let made = 0;
const canary = floats([20, 22]);

beforeAll(async () => {
  const far = await new Promise<{ tensor: number; tree: number }>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  const disposedTensor = floats([1]);
  device.dispose(disposedTensor);
  const segments = new Int32Array([0, 1, -1]);
  const disposedTree = device.tree(segments);
  device.disposeTree(disposedTree);
  device.beginProgram();
  device.enqueue('fill', [canary], [21], null);
  const program = device.endProgram();
  strangers = {
    foreign: {
      tensors: [other.upload(new Float32Array(4), F32, [2, 2]).handle, far.tensor],
      trees: [other.tree(segments), far.tree],
    },
    disposedTensor,
    disposedTree,
    tree: device.tree(segments),
    tensor: floats([1, 2, 3, 4], [2, 2]),
    program,
  };
});

afterAll(async () => {
  await worker.terminate();
  other.close();
  device.close();
});

const arbitraryShape: fc.Arbitrary<CallShape> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 7 }),
  bf16: fc.boolean(),
  optional: fc.boolean(),
});
const arbitraryScripts: fc.Arbitrary<WrongScripts> = fc.record({
  handle: notHandle,
  number: notNumber().filter((value) => typeof value !== 'number'),
  list: notList,
});
const arbitraryForgery = fc.maxSafeNat().filter((handle) => handle > 0);

/** Makes a wrong call; it must throw as told, leave memory as it was and the device at work. */
async function refuses(
  call: () => unknown,
  told: { name: string; op: string; arguments: string[]; expected?: string[]; codes: NativeError['code'][] },
): Promise<void> {
  const { live } = device.memory();
  let error: NativeError | undefined;
  try {
    await call();
  } catch (thrown) {
    error = thrown as NativeError;
  }
  expect(error, told.name).toBeInstanceOf(Error);
  expect(told.codes, `${told.name}: ${String(error)}`).toContain(error!.code);
  expect(error!.op, `${told.name}: ${String(error)}`).toBe(told.op);
  expect(told.arguments, `${told.name}: ${String(error)}`).toContain(error!.argument);
  for (const word of told.expected ?? []) expect(error!.expected, told.name).toContain(word);
  for (const part of [error!.argument, error!.expected, error!.received]) {
    expect(part, `${told.name}: ${String(error)}`).toMatch(/\S/);
    expect(error!.message).toContain(part!);
  }
  expect(device.memory().live, told.name).toBe(live);
  const [sum] = device.enqueue('add', [canary, canary, null], [], null);
  expect(await device.read(sum!.handle), told.name).toEqual(new Float32Array([42, 42]));
  device.dispose(sum!.handle);
  made++;
}

/** A valid call of the contract, then every wrong one that differs from it in one thing. */
async function tryContract(
  contract: NativeContract,
  shape: CallShape,
  scripts: WrongScripts,
  forged: number,
): Promise<void> {
  const call = validCall(contract, shape);
  const handles = call.slots.map((slot) => (slot === null ? null : place(device, slot)));
  const tree = call.segments === null ? null : device.tree(call.segments);
  const { op } = contract;
  const outputs = device.enqueue(op, handles, call.numbers, tree);
  for (const numbers of otherWords(call))
    for (const output of device.enqueue(op, handles, numbers, tree))
      if (output !== null) device.dispose(output.handle);
  await device.sync();
  const faults = new ContractFaults(device, call, { handles, tree }, { ...strangers, forged }, scripts);
  for (const { name, codes, arguments: names, expected, raw } of faults.all()) {
    const { tensors, numbers, tree: wrongTree } = raw;
    const wrong = () => device.enqueue(op, tensors as never, numbers as never, wrongTree as never);
    await refuses(wrong, { name: `${op}: ${name}`, op, arguments: names, expected, codes });
  }
  const afterClose = () => closed.enqueue(op, handles, call.numbers, tree);
  await refuses(afterClose, { name: `${op}: closed`, op, arguments: ['device'], codes: ['SJ_DISPOSED'] });
  for (const output of outputs) if (output !== null) device.dispose(output.handle);
  for (const handle of handles) if (handle !== null) device.dispose(handle);
  if (tree !== null) device.disposeTree(tree);
}

describe('wrong calls of ops, from their contracts', () => {
  it.each(contracts().map((contract) => [contract.op, contract] as const))('%s', async (_, contract) => {
    await fc.assert(
      fc.asyncProperty(arbitraryShape, arbitraryScripts, arbitraryForgery, (shape, scripts, forged) =>
        tryContract(contract, shape, scripts, forged),
      ),
      { seed: SEED, numRuns: 3 },
    );
  });

  it('were many', () => {
    expect(made).toBeGreaterThanOrEqual(2000);
  });
});
