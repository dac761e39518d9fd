import { contracts } from '@selfjudge/native';
import type { NativeContract, NativeError } from '@selfjudge/native';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { place, validCall } from '@selfjudge/testing/contractCalls';
import { I32, openNative } from '@selfjudge/testing/native';

const { device, floats } = openNative();
const canary = floats([20, 22]);
afterAll(() => device.close());

/** Integers that key randomness, and tokens that are passed on for others to look at: every value is right. */
const ANY = ['row_keys', 'keys', 'sampled', 'given'];

/** Each op with a tensor of row, token or block numbers, and where that tensor stands. */
const indexed = contracts().flatMap((contract) =>
  contract.tensors.flatMap(({ name, role, dtypes }, slot) =>
    role === 'in' && dtypes.join() === 'int32' && !ANY.includes(name)
      ? [[`${contract.op} ${name}`, contract, slot] as const]
      : [],
  ),
);

/** Far out of any range, on both sides: what read or write before or past the memory would give away. */
const wrongIds = fc.oneof(
  fc.integer({ min: 1 << 20, max: 2 ** 31 - 1 }),
  fc.integer({ min: -(2 ** 31), max: -1 }),
);

async function faults(contract: NativeContract, slot: number, sizes: number[], id: number, at: number) {
  const call = validCall(contract, { sizes, bf16: false, optional: false });
  const handles = call.slots.map((given) => (given === null ? null : place(device, given)));
  const { shape } = call.slots[slot]!;
  const ids = (await device.read(handles[slot]!)) as Int32Array;
  // Of a table of blocks only the first is read, as lengths are 1.
  ids[contract.tensors[slot].name === 'tables' ? 0 : at % ids.length] = id;
  device.dispose(handles[slot]!);
  handles[slot] = device.upload(ids, I32, shape).handle;
  const outputs = device.enqueue(contract.op, handles, call.numbers, null);
  const fault = (await device.sync().then(
    () => undefined,
    (error: unknown) => error,
  )) as NativeError | undefined;
  expect(fault).toMatchObject({ code: 'SJ_FAULT', op: contract.op });
  expect(fault!.cause).toContain(String(id));
  device.recover();
  for (const output of outputs) if (output !== null) device.dispose(output.handle);
  for (const handle of handles) if (handle !== null) device.dispose(handle);
  const [sum] = device.enqueue('add', [canary, canary, null], [], null);
  expect(await device.read(sum!.handle)).toEqual(new Float32Array([40, 44]));
  device.dispose(sum!.handle);
}

describe('numbers out of range in a tensor are a fault of the op that reads them', () => {
  it.each(indexed)('%s', async (_, contract, slot) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, wrongIds, fc.nat(99), (sizes, id, at) => faults(contract, slot, sizes, id, at)),
      { seed: 20240211, numRuns: 10 },
    );
  });
});
