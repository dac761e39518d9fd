import { NativeDevice, contracts, cpuInfo, setWorkerLimit, workerCount } from '@selfjudge/native';
import { afterAll, describe, expect, it } from 'vitest';
import { BF16, F32, I32, PANELS, ROWS, errorOf, openNative, told } from '@selfjudge/testing/native';

const { device, floats, ints, values } = openNative();
afterAll(() => device.close());

describe('contracts', () => {
  it('lists every op once, with tensors that name a dtype and a shape', () => {
    const all = contracts();
    expect(new Set(all.map((c) => c.op)).size).toBe(all.length);
    expect(all.map((c) => c.op)).toEqual(expect.arrayContaining(['linear', 'tree_attention', 'pack']));
    for (const { tensors } of all) {
      for (const tensor of tensors) {
        expect(tensor.dtypes.length).toBeGreaterThan(0);
        expect(tensor.shape).not.toBe('');
      }
    }
    const norm = all.find((c) => c.op === 'rms_norm');
    expect(norm?.tensors[4]).toEqual({
      name: 'sum',
      role: 'out',
      dtypes: ['float32', 'bf16'],
      shape: '... D',
      panels: false,
      like: 'x',
      when: 'residual',
    });
    expect(norm?.numbers).toEqual([
      { name: 'eps', min: 0, max: 1, integer: false, names: null },
      { name: 'offset', min: -1e30, max: 1e30, integer: false, names: null },
    ]);
    expect(all.find((c) => c.op === 'rope')?.numbers).toEqual([
      { name: 'direction', min: 0, max: 1, integer: true, names: ['forward', 'inverse'] },
    ]);
  });
});

describe('upload, read, empty', () => {
  it('returns what was uploaded', async () => {
    expect(await values(floats([1.5, -2, 3e-40], [3, 1, 1]))).toEqual(
      Array.from(new Float32Array([1.5, -2, 3e-40])),
    );
    const read = await device.read(ints([-1, 2147483647]));
    expect(read).toEqual(new Int32Array([-1, 2147483647]));
  });

  it('takes bf16 as bits or rounds float32 to nearest even, and widens on read', async () => {
    const bits = device.upload(new Uint16Array([0x3f80, 0xc000, 0x7f80]), BF16, [3]);
    expect(bits).toMatchObject({ dtype: BF16, layout: ROWS, shape: [3] });
    expect(await values(bits.handle)).toEqual([1, -2, Infinity]);
    // 1 + 1/256 lies between 1 and 1 + 1/128: a tie, to even. 3.5e38 rounds away from the finite values.
    const wide = new Float32Array([1 + 1 / 256, 1 + 3 / 256, 3.4e38, NaN]);
    expect(await values(device.upload(wide, BF16, [4]).handle)).toEqual([1, 1 + 1 / 64, Infinity, NaN]);
  });

  it('copies at once: the array may change before the stream gets there', async () => {
    const big = device.empty(F32, [1 << 22], ROWS).handle;
    for (let i = 0; i < 20; i++) device.enqueue('fill', [big], [i], null);
    device.dispose(device.upload(new Float32Array(512), F32, [512]).handle);
    const data = new Float32Array(512).fill(7); // the same size: its block comes from the cache
    const { handle } = device.upload(data, F32, [512]);
    data.fill(8);
    expect(new Set(await values(handle))).toEqual(new Set([7]));
  });

  it('refuses what it cannot hold', () => {
    expect(told(() => device.upload(new Float32Array(2), I32, [2]))).toBe(
      'SJ_WRONG_ARGUMENT [upload] data: expected an Int32Array for dtype int32, received a Float32Array',
    );
    expect(told(() => device.upload(new Float32Array(5), F32, [2, 3]))).toMatch(
      /data: expected as many elements as shape \[2, 3\], received 5$/,
    );
    expect(told(() => device.upload([1, 2] as never, F32, [2]))).toMatch(/received an array$/);
    expect(told(() => device.upload(new Float32Array(0), F32, [0]))).toMatch(
      /every dimension at least 1 \(nothing may be empty\), received \[0\]$/,
    );
    expect(told(() => device.empty(3 as never, [2], ROWS))).toMatch(
      /dtype: expected 0 \(float32\).* received 3$/,
    );
    expect(told(() => device.empty(F32, [1, 2, 3, 4], ROWS))).toMatch(
      /expected 1 to 3 dimensions, received 4$/,
    );
    expect(told(() => device.empty(F32, [1.5], ROWS))).toMatch(/received 1.5$/);
    expect(told(() => device.empty(F32, [2], PANELS))).toMatch(/a matrix \[N, K\] for layout panels/);
    expect(told(() => device.empty(F32, [2], 2 as never))).toMatch(
      /layout: expected 0 \(rows\) or 1 \(panels\)/,
    );
    expect(told(() => new NativeDevice('gpu' as never))).toMatch(
      /kind: expected 'cpu', 'cuda' or 'cuda:N', received 'gpu'$/,
    );
  });
});

describe('handles', () => {
  it('views share memory and outlive the tensor they come from', async () => {
    const x = floats([0, 1, 2, 3, 4, 5], [2, 3]);
    const view = device.view(x, 2, [2, 2]);
    expect(view.shape).toEqual([2, 2]);
    device.enqueue('fill', [device.view(x, 3, [1]).handle], [9], null);
    device.dispose(x);
    expect(await values(view.handle)).toEqual([2, 9, 4, 5]);
  });

  it('refuses views outside the tensor', () => {
    const x = floats([0, 1, 2, 3]);
    expect(told(() => device.view(x, 2, [3]))).toMatch(
      /at most 2 elements from offset 2 of 4, received \[3\] = 3$/,
    );
    expect(told(() => device.view(x, -1, [1]))).toMatch(/offset: expected an integer in \[0, 4\]/);
    expect(told(() => device.view(x, 0.5, [1]))).toMatch(/offset/);
  });

  it('views whole panels of a packed weight, and refuses parts of them', async () => {
    const packed = device.empty(BF16, [100, 3], PANELS).handle;
    const rows = Float32Array.from({ length: 300 }, (_, i) => i % 128);
    device.enqueue('pack', [device.upload(rows, F32, [100, 3]).handle, packed], [], null);
    const views = [
      [0, 48],
      [48, 48],
      [96, 4],
      [0, 96],
    ].map(([from, n]) => ({ from, n, view: device.view(packed, 3 * from, [n, 3]) }));
    device.dispose(packed);
    for (const { from, n, view } of views) {
      expect(view).toMatchObject({ dtype: BF16, layout: PANELS, shape: [n, 3] });
      const [unpacked] = device.enqueue('unpack', [view.handle, null], [], null);
      expect(await values(unpacked!.handle)).toEqual([...rows.subarray(3 * from, 3 * (from + n))]);
    }
    const all = device.empty(F32, [100, 3], PANELS).handle;
    const refused = (offset: number, shape: number[]) => told(() => device.view(all, offset, shape));
    expect(refused(24 * 3, [48, 3])).toMatch(
      /offset: expected a multiple of 144 \(48 rows\) in \[0, 300\], received 72/,
    );
    expect(refused(0, [20, 3])).toMatch(
      /shape: expected a multiple of 48 rows, or all to the end, received \[20, 3\]$/,
    );
    expect(refused(144, [53, 3])).toMatch(/at most 156 elements from offset 144 of 300/);
    expect(refused(0, [96, 2])).toMatch(/shape: expected rows of a packed weight, 3 wide, received \[96, 2\]$/);
    expect(refused(0, [144])).toMatch(/shape: expected a matrix \[N, K\] for layout panels/);
  });

  it('retain gives a handle of its own; a disposed one is refused even when its slot is used again', async () => {
    const first = floats([5]);
    const second = device.retain(first);
    expect(second).not.toBe(first);
    device.dispose(first);
    expect(await values(second)).toEqual([5]);
    for (let i = 0; i < 10; i++) device.dispose(floats([i]));
    const error = errorOf(() => device.dispose(first));
    expect(error).toMatchObject({
      code: 'SJ_DISPOSED',
      op: 'dispose',
      argument: 'handle',
      expected: 'a live handle',
      received: 'a disposed tensor',
    });
    expect(told(() => device.enqueue('fill', [first], [0], null))).toBe(
      'SJ_DISPOSED [fill] x: expected a live handle, received a disposed tensor',
    );
  });

  it('tells trees, other devices and other values from tensors', () => {
    const other = new NativeDevice('cpu');
    const foreign = other.upload(new Float32Array(1), F32, [1]).handle;
    expect(told(() => device.enqueue('fill', [foreign], [0], null))).toMatch(/^SJ_FOREIGN \[fill\] x: /);
    expect(told(() => device.read(foreign))).toMatch(/^SJ_FOREIGN \[read\] handle: /);
    other.close();
    const tree = device.tree(new Int32Array([0, 1, -1]));
    expect(told(() => device.read(tree))).toMatch(/expected a tensor, received a tree$/);
    expect(told(() => device.disposeTree(floats([1])))).toMatch(/expected a tree, received a tensor$/);
    for (const value of ['1', {}, undefined, NaN, 0, -3, 1.5, 2 ** 60]) {
      expect(errorOf(() => device.dispose(value as never)).code).toBe('SJ_WRONG_ARGUMENT');
      expect(errorOf(() => device.enqueue('fill', [value as never], [0], null)).code).toBe(
        'SJ_WRONG_ARGUMENT',
      );
    }
  });

  it('validates trees and names the segment', () => {
    const tree = (...triples: number[]) => told(() => device.tree(new Int32Array(triples)));
    expect(tree(0, 2, -1, 3, 1, 0)).toMatch(/segments\[1\].start: expected 2 .* received 3$/);
    expect(tree(0, 0, -1)).toMatch(/segments\[0\].length: expected at least 1, received 0$/);
    expect(tree(0, 1, -1, 1, 1, 1)).toMatch(
      /segments\[1\].parent: expected -1 or an earlier segment.* received 1$/,
    );
    expect(tree(0, 1)).toMatch(/multiple of 3/);
    expect(told(() => device.tree([0, 1, -1] as never))).toMatch(
      /expected an Int32Array, received an array$/,
    );
    const handle = device.tree(new Int32Array([0, 2, -1, 2, 1, 0, 3, 1, -1]));
    device.disposeTree(handle);
    expect(told(() => device.disposeTree(handle))).toMatch(/^SJ_DISPOSED .*received a disposed tree$/);
  });
});

describe('processor', () => {
  it('says what it is, and limits workers', () => {
    const cpu = cpuInfo();
    expect(cpu.paths.at(-1)).toBe('portable');
    expect(cpu.paths).toContain(device.path);
    expect(cpu.threads).toBe(workerCount());
    setWorkerLimit(1);
    setWorkerLimit(workerCount());
    expect(told(() => setWorkerLimit(0))).toMatch(/workers: expected an integer in \[1, \d+\], received 0$/);
  });
});
