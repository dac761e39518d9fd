import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { isError, type ErrorCode } from '@selfjudge/base';
import { Device } from './device.js';
import { add } from './ops/add.js';
import { embedding } from './ops/embedding.js';
import { reshape } from './ops/reshape.js';
import { rope } from './ops/rope.js';
import { tidy } from './scope.js';
import { Tensor } from './tensor.js';
import { DeviceTree } from './deviceTree.js';
import { Weight } from './weight.js';

const device = Device.open();
afterAll(() => device.close());

function expectCode(fn: () => unknown, code: ErrorCode, part = ''): void {
  let caught: unknown;
  try {
    fn();
  } catch (error) {
    caught = error;
  }
  expect(isError(caught, code), String(caught)).toBe(true);
  expect((caught as Error).message).toContain(part);
}

describe('Tensor', () => {
  it('keeps values, shape and dtype', async () => {
    const x = Tensor.from(device, [1, 2, 3, 4, 5, 6], [2, 3]);
    expect([x.shape, x.dtype, x.layout, x.size]).toEqual([[2, 3], 'float32', 'rows', 6]);
    expect(await x.read()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    const ids = Tensor.from(device, Int32Array.of(-1, 7), [2]);
    expect(await ids.read()).toEqual(Int32Array.of(-1, 7));
    const half = Tensor.from(device, [1 + 2 ** -8, 1 + 3 * 2 ** -8], [2], 'bf16');
    expect(await half.read()).toEqual(Float32Array.of(1, 1 + 2 ** -6));
    const zeros = Tensor.zeros(device, [3], 'int32');
    expect(await zeros.read()).toEqual(new Int32Array(3));
    for (const tensor of [x, ids, half, zeros]) tensor.dispose();
  });

  it('refuses values of another type and a wrong number of them', () => {
    expectCode(() => Tensor.from(device, Float32Array.of(1), [1], 'int32'), 'SJ_WRONG_ARGUMENT', 'int32');
    expectCode(() => Tensor.from(device, [1, 2, 3], [2, 2]), 'SJ_WRONG_ARGUMENT');
  });

  it('views share memory and keep it alive', async () => {
    const x = Tensor.from(device, [1, 2, 3, 4, 5, 6], [3, 2]);
    const rows = x.view(2, [2, 2]);
    expect([x.exclusive, rows.exclusive]).toEqual([false, false]);
    x.dispose();
    expect(rows.exclusive).toBe(true);
    expect(await rows.read()).toEqual(Float32Array.of(3, 4, 5, 6));
    rows.dispose();
  });

  it('throws when used after dispose; disposing twice is fine', async () => {
    const x = Tensor.zeros(device, [2]);
    const other = x.retain();
    x.dispose();
    x.dispose();
    expect([x.disposed, other.disposed]).toEqual([true, false]);
    expectCode(() => add(x, other), 'SJ_DISPOSED', 'add');
    await expect(x.read()).rejects.toMatchObject({ code: 'SJ_DISPOSED' });
    other.dispose();
  });

  it('dies with all its views when donated', async () => {
    const x = Tensor.from(device, [1, 0, 0, 1], [2, 2]);
    const heads = reshape(x, [2, 1, 2]);
    const table = Tensor.from(device, [0, 1], [1, 2]);
    const positions = Tensor.zeros(device, [2], 'int32');
    const turned = rope(heads, table, positions);
    expect([x.disposed, heads.disposed]).toEqual([true, true]);
    expectCode(() => add(x, x), 'SJ_DISPOSED', 'donated to rope');
    expect(await turned.read()).toEqual(Float32Array.of(0, 1, -1, 0));
    for (const tensor of [x, table, positions, turned]) tensor.dispose();
  });

  it('names op, argument, expected and received', () => {
    const x = Tensor.zeros(device, [2, 3]);
    const y = Tensor.zeros(device, [3, 2]);
    expectCode(() => add(x, y), 'SJ_WRONG_ARGUMENT', '[add] b');
    x.dispose();
    y.dispose();
  });

  it('rejects reads with the fault of an earlier command, until recovery', async () => {
    const rows = Tensor.zeros(device, [7, 3]);
    const table = Weight.pack(rows, 'float32');
    const ids = Tensor.from(device, Int32Array.of(0, 7), [2]);
    const y = embedding(table, ids);
    const fault = await y.read().catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'SJ_FAULT', op: 'embedding' });
    expectCode(() => add(rows, rows), 'SJ_FAULT', 'embedding');
    device.recover();
    expect(await rows.read()).toEqual(new Float32Array(21));
    for (const tensor of [rows, table, ids, y]) tensor.dispose();
  });

  it('refuses what another device made', () => {
    const x = Tensor.zeros(device, [2]);
    const foreign = Object.create(device, { closed: { value: false } }) as Device;
    const y = Tensor.adopt(foreign, device.native.empty(0, [2], 0));
    expectCode(() => add(x, y), 'SJ_FOREIGN', 'add');
    x.dispose();
    y.dispose();
  });
});

describe('a tensor that is dropped without dispose', () => {
  it('is freed after garbage collection', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const before = device.memory().live;
    (() => Tensor.zeros(device, [1000]).retain())();
    expect(device.memory().live).toBe(before + 4032);
    for (let round = 0; round < 50 && device.memory().live > before; round++) {
      gc();
      await wait(10);
    }
    expect(device.memory().live).toBe(before);
  });
});

describe('DeviceTree', () => {
  it('lives until it is disposed and no tape holds it', () => {
    const tree = DeviceTree.from(device, { segments: Int32Array.of(0, 2, -1), rows: 2 });
    const release = tree.hold();
    tree.dispose();
    tree.dispose();
    expect(tree.handle('test')).toBeGreaterThan(0);
    release();
    expectCode(() => tree.handle('test'), 'SJ_DISPOSED');
  });

  it('refuses segments that are no tree', () => {
    expectCode(
      () => DeviceTree.from(device, { segments: Int32Array.of(0, 2, 0), rows: 2 }),
      'SJ_WRONG_ARGUMENT',
    );
  });
});

describe('tidy', () => {
  it('disposes what is made inside, except what is returned', () => {
    const before = device.memory().live;
    let inner: Tensor | undefined;
    const { sums, note } = tidy(() => {
      inner = Tensor.zeros(device, [100]);
      return { sums: [add(inner, inner)], note: 'kept' };
    });
    expect([inner?.disposed, sums[0].disposed, note]).toEqual([true, false, 'kept']);
    sums[0].dispose();
    expect(device.memory().live).toBe(before);
  });

  it('nests: what an inner one returns belongs to the outer one', () => {
    let kept: Tensor | undefined;
    tidy(() => {
      kept = tidy(() => Tensor.zeros(device, [2]));
      expect(kept.disposed).toBe(false);
    });
    expect(kept?.disposed).toBe(true);
  });

  it('leaves weights alone: they have an owner', () => {
    const weight = tidy(() => ({ made: Weight.pack(Tensor.zeros(device, [2, 2]), 'float32') })).made;
    expect(weight.packed.disposed).toBe(false);
    weight.dispose();
  });

  it('disposes everything when the function throws, or returns a promise, which is refused', () => {
    const before = device.memory().live;
    expect(() =>
      tidy(() => {
        Tensor.zeros(device, [2]);
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expectCode(() => tidy(async () => Tensor.zeros(device, [2])), 'SJ_WRONG_ARGUMENT', 'promise');
    expect(device.memory().live).toBe(before);
  });
});

describe('Device', () => {
  it('is one a thread and refuses kinds this build lacks', () => {
    expect(Device.open()).toBe(device);
    const other = device.name === 'cpu' ? 'cuda' : 'cpu';
    expectCode(() => Device.open(other), 'SJ_WRONG_ARGUMENT', other);
    expectCode(() => Device.open('gpu' as never), 'SJ_WRONG_ARGUMENT', "'cuda:N'");
  });

  it('counts memory back to nothing', async () => {
    await device.sync();
    expect(device.memory().live).toBe(0);
    expect(device.counters().calls).toBeGreaterThan(0);
  });
});
