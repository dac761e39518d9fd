import { NativeDevice, contracts, cpuInfo, dequantize, setWorkerLimit, workerCount } from '@selfjudge/native';
import type { NativeError } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const F32 = 0;
const BF16 = 1;
const I32 = 2;
const ROWS = 0;
const PANELS = 1;

let device: NativeDevice;
beforeAll(() => {
  device = new NativeDevice('cpu');
});
afterAll(() => device.close());

const floats = (values: number[], shape = [values.length]) =>
  device.upload(new Float32Array(values), F32, shape).handle;
const ints = (values: number[], shape = [values.length]) =>
  device.upload(new Int32Array(values), I32, shape).handle;
const values = async (handle: number) => Array.from(await device.read(handle));

function errorOf(call: () => unknown): NativeError {
  try {
    call();
  } catch (error) {
    return error as NativeError;
  }
  throw new Error('expected a throw');
}

/** The error's code and its text. */
const told = (call: () => unknown) => {
  const { code, message } = errorOf(call);
  return `${code} ${message}`;
};

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
    expect(norm?.numbers).toEqual([{ name: 'eps', min: 0, max: 1, integer: false }]);
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
    expect(told(() => new NativeDevice('gpu' as never))).toMatch(/kind: expected 'cpu', received 'gpu'$/);
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

  it('refuses views outside the tensor and of panels', () => {
    const x = floats([0, 1, 2, 3]);
    expect(told(() => device.view(x, 2, [3]))).toMatch(
      /at most 2 elements from offset 2 of 4, received \[3\] = 3$/,
    );
    expect(told(() => device.view(x, -1, [1]))).toMatch(/offset: expected an integer in \[0, 4\]/);
    expect(told(() => device.view(x, 0.5, [1]))).toMatch(/offset/);
    expect(told(() => device.view(device.empty(F32, [4, 4], PANELS).handle, 0, [4]))).toMatch(
      /expected layout rows, received panels$/,
    );
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

describe('enqueue', () => {
  it('runs ops; outputs that a call does not produce are null', async () => {
    const a = floats([1, 2, 3, 4], [2, 2]);
    const b = floats([10, 20, 30, 40], [2, 2]);
    const [sum] = device.enqueue('add', [a, b, null], [], null);
    expect(sum).toMatchObject({ dtype: F32, layout: ROWS, shape: [2, 2] });
    expect(await values(sum!.handle)).toEqual([11, 22, 33, 44]);
    const weight = floats([1, 1]);
    expect(device.enqueue('rms_norm', [a, weight, null, null, null], [1e-5], null)[1]).toBeNull();
    expect(device.enqueue('rms_norm', [a, weight, b, null, null], [1e-5], null)[1]?.shape).toEqual([2, 2]);
  });

  it('says what is wrong in the words of the contract', () => {
    const x = floats([1, 2, 3, 4, 5, 6], [2, 3]);
    const norm = (weight: number | null, eps = 1e-5) =>
      told(() => device.enqueue('rms_norm', [x, weight, null, null, null], [eps], null));
    expect(norm(floats([1, 2]))).toBe(
      'SJ_WRONG_ARGUMENT [rms_norm] weight: expected shape [D = 3], received [2]',
    );
    expect(norm(null)).toMatch(/weight: expected a tensor, received null$/);
    expect(norm(ints([1, 2, 3]))).toMatch(/weight: expected dtype float32 or bf16, received int32$/);
    expect(norm(floats([1, 2, 3]), 2)).toMatch(/eps: expected a number in \[0, 1\], received 2$/);
    expect(norm(floats([1, 2, 3]), NaN)).toMatch(/eps: .* received nan$/);
    const half = device.upload(new Float32Array(6), BF16, [2, 3]).handle;
    expect(told(() => device.enqueue('add', [x, half, null], [], null))).toMatch(
      /b: expected dtype float32 \(as a\), received bf16$/,
    );
    expect(told(() => device.enqueue('add', [x, floats([1, 2, 3]), null], [], null))).toMatch(
      /b: expected shape \[2, 3\], received \[3\]$/,
    );
    expect(told(() => device.enqueue('embedding', [x, ints([0]), null], [], null))).toMatch(
      /table: expected layout panels, received rows$/,
    );
    expect(told(() => device.enqueue('kv_copy', [ints([1, 2]), null, null], [], null))).toMatch(
      /moves: expected shape \[M, 3\], received \[2\]$/,
    );
    expect(told(() => device.enqueue('scatter_rows', [x, ints([0, 1]), null], [1.5], null))).toMatch(
      /t: expected an integer in \[1, 2147483647\], received 1.5$/,
    );
    expect(told(() => device.enqueue('add', [x, x, x], [], null))).toMatch(/y: expected null/);
  });

  it('refuses unknown ops and lists of the wrong length', () => {
    expect(told(() => device.enqueue('nope', [], [], null))).toMatch(
      /op: expected the name of an op, received 'nope'$/,
    );
    expect(told(() => device.enqueue('fill', [], [0], null))).toMatch(/tensors: expected an array of 1/);
    expect(told(() => device.enqueue('fill', [floats([1])], [], null))).toMatch(
      /numbers: expected an array of 1/,
    );
    expect(told(() => device.enqueue('fill', [floats([1])], ['1' as never], null))).toMatch(
      /value: expected a number, received '1'$/,
    );
    const tree = device.tree(new Int32Array([0, 1, -1]));
    expect(told(() => device.enqueue('fill', [floats([1])], [0], tree))).toMatch(/tree: expected null/);
  });

  it('checks relations between dims and numbers', () => {
    const three = (heads: number) => device.empty(F32, [4, heads, 8], ROWS).handle;
    const tree = device.tree(new Int32Array([0, 4, -1]));
    const attention = (q: number, k: number, plan: number | null) =>
      told(() => device.enqueue('tree_attention', [q, k, k, null, null], [1], plan));
    expect(attention(three(6), three(4), tree)).toMatch(
      /k: expected a number of heads that divides H = 6, received G = 4$/,
    );
    expect(attention(three(6), three(3), null)).toMatch(/tree: expected a tree, received null$/);
    const short = device.tree(new Int32Array([0, 3, -1]));
    expect(attention(three(6), three(3), short)).toMatch(
      /q: expected shape \[T = 3, H, d\], received \[4, 6, 8\]$/,
    );
    const odd = device.empty(F32, [2, 1, 3], ROWS).handle;
    const table = device.empty(F32, [2, 3], ROWS).handle;
    expect(told(() => device.enqueue('rope', [odd, table, ints([0, 1])], [0], null))).toMatch(
      /expected an even d/,
    );

    const x = device.empty(F32, [4, 8], ROWS).handle;
    const w = device.empty(F32, [6, 8], PANELS).handle;
    const a = device.empty(F32, [2, 8], ROWS).handle;
    const b = device.empty(F32, [6, 2], ROWS).handle;
    const linear = (a0: number | null, b0: number | null, start: number, rows: number, p = 0) =>
      told(() =>
        device.enqueue(
          'linear',
          [x, w, null, null, a0, b0, null, null, null, null, null],
          [1, start, rows, p, 0, 1, 0, 0, 0, 0, 0, 0],
          null,
        ),
      );
    expect(linear(a, b, 2, 3)).toMatch(/rows0: expected start0 \+ rows0 <= T = 4, received 2 \+ 3$/);
    expect(linear(a, null, 0, 4)).toMatch(/b0: expected a0 and b0 together, received a0 alone$/);
    expect(linear(null, null, 0, 4)).toMatch(/rows0: expected 0, as a0 is absent, received 4$/);
    expect(linear(a, b, 0, 4, 0.1)).toMatch(/row_keys: expected a tensor, as p0 > 0, received null$/);
  });

  it('refuses to write in place what another argument reads, by memory range', async () => {
    const flat = floats([1, 2, 3, 4]);
    const low = device.view(flat, 0, [2]).handle;
    const high = device.view(flat, 2, [2]).handle;
    expect(told(() => device.enqueue('add_in_place', [low, low], [], null))).toMatch(/memory shared with b$/);
    expect(
      told(() => device.enqueue('add_in_place', [low, device.view(flat, 1, [2]).handle], [], null)),
    ).toMatch(/a: expected memory of its own/);
    device.enqueue('add_in_place', [low, high], [], null);
    expect(await values(flat)).toEqual([4, 6, 3, 4]);
  });

  it('keeps the order of the stream when memory is reused at once', async () => {
    let x = floats(Array.from({ length: 1000 }, (_, i) => i));
    for (let i = 0; i < 2000; i++) {
      const [y] = device.enqueue('add', [x, x, null], [], null);
      const [z] = device.enqueue('add', [x, y!.handle, null], [], null);
      device.enqueue('fill', [y!.handle], [1e9], null);
      device.dispose(y!.handle);
      const [back] = device.enqueue('add', [z!.handle, z!.handle, null], [], null);
      device.dispose(z!.handle);
      device.dispose(x);
      x = back!.handle;
      if (i % 4 === 3) {
        device.dispose(x);
        x = floats(Array.from({ length: 1000 }, (_, k) => k));
      }
    }
    expect(await values(x)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it('counts calls and floating-point operations', () => {
    const before = device.counters();
    const x = device.empty(F32, [4, 8], ROWS).handle;
    const w = device.empty(F32, [6, 8], PANELS).handle;
    device.enqueue('fill', [x], [1], null);
    device.enqueue('pack', [device.upload(new Float32Array(48), F32, [6, 8]).handle, w], [], null);
    device.enqueue(
      'linear',
      [x, w, null, null, null, null, null, null, null, null, null],
      [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      null,
    );
    const after = device.counters();
    expect(after.calls - before.calls).toBe(3);
    expect(after.flops - before.flops).toBe(2 * 4 * 8 * 6);
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

describe('dequantize', () => {
  const half = (bits: number) => [bits & 255, bits >> 8];
  const one = half(0x3c00);
  const list = (type: Parameters<typeof dequantize>[0], bytes: number[], count: number) =>
    Array.from(dequantize(type, new Uint8Array(bytes), count));

  it('decodes every block format', () => {
    expect(list('F32', [0, 0, 0x80, 0x3f], 1)).toEqual([1]);
    expect(list('BF16', [0x80, 0xbf], 1)).toEqual([-1]);
    const halves = [0x3555, 0xc000, 0x0001, 0x8400, 0x7c00, 0x7bff].flatMap(half);
    expect(list('F16', halves, 6)).toEqual([0.333251953125, -2, 2 ** -24, -(2 ** -14), Infinity, 65504]);
    const ramp = Array.from({ length: 32 }, (_, i) => i - 16);
    expect(list('Q8_0', [...half(0x4000), ...ramp.map((q) => q & 255)], 32)).toEqual(ramp.map((q) => 2 * q));
    const nibbles = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
    const order = [...Array(16).keys(), ...[...Array(16).keys()].reverse()];
    expect(list('Q4_0', [...one, ...nibbles], 32)).toEqual(order.map((q) => q - 8));
    expect(list('Q4_1', [...one, ...half(0xc000), ...nibbles], 32)).toEqual(order.map((q) => q - 2));
  });

  it('decodes Q6_K: 6-bit values, a scale for each 16', () => {
    const q = Array.from({ length: 256 }, (_, i) => (i * 37 + (i >> 5)) % 64);
    const block = new Array<number>(210).fill(0);
    q.forEach((value, i) => {
      const [part, rest] = [i >> 7, i & 127];
      const [quarter, l] = [rest >> 5, rest & 31];
      block[64 * part + l + 32 * (quarter & 1)] |= (value & 15) << (quarter >= 2 ? 4 : 0);
      block[128 + 32 * part + l] |= (value >> 4) << (2 * quarter);
    });
    for (let s = 0; s < 16; s++) block[192 + s] = (s - 8) & 255;
    block.splice(208, 2, ...one);
    expect(list('Q6_K', block, 256)).toEqual(q.map((value, i) => ((i >> 4) - 8) * (value - 32)));
  });

  it('refuses short data, part blocks and unknown types', () => {
    expect(told(() => list('Q8_0', new Array(33).fill(0), 32))).toMatch(
      /data: expected at least 34 bytes, received 33$/,
    );
    expect(told(() => list('Q4_0', new Array(18).fill(0), 31))).toMatch(
      /count: expected a multiple of 32, received 31$/,
    );
    expect(told(() => list('Q2_K' as never, [], 0))).toMatch(
      /type: expected one of F32, .* received 'Q2_K'$/,
    );
    expect(told(() => dequantize('F32', new Float32Array(1) as never, 1))).toMatch(
      /received a Float32Array$/,
    );
  });
});
