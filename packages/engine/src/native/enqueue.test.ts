import { afterAll, describe, expect, it } from 'vitest';
import { BF16, F32, PANELS, ROWS, openNative, told } from '@selfjudge/testing/native';

const { device, floats, ints, values } = openNative();
afterAll(() => device.close());

describe('enqueue', () => {
  it('runs ops; outputs that a call does not produce are null', async () => {
    const a = floats([1, 2, 3, 4], [2, 2]);
    const b = floats([10, 20, 30, 40], [2, 2]);
    const [sum] = device.enqueue('add', [a, b, null], [], null);
    expect(sum).toMatchObject({ dtype: F32, layout: ROWS, shape: [2, 2] });
    expect(await values(sum!.handle)).toEqual([11, 22, 33, 44]);
    const weight = floats([1, 1]);
    expect(device.enqueue('rms_norm', [a, weight, null, null, null], [1e-5, 0], null)[1]).toBeNull();
    expect(device.enqueue('rms_norm', [a, weight, b, null, null], [1e-5, 0], null)[1]?.shape).toEqual([2, 2]);
  });

  it('adds an offset to the weight of a norm: one of 0 leaves every weight its bits, -0 too', async () => {
    const norm = (offset: number) =>
      device.enqueue('rms_norm', [floats([1, 1]), floats([-0, 2]), null, null, null], [0, offset], null)[0]!;
    expect(await values(norm(0).handle)).toEqual([-0, 2]);
    expect(await values(norm(0.5).handle)).toEqual([0.5, 2.5]);
  });

  it('says what is wrong in the words of the contract', () => {
    const x = floats([1, 2, 3, 4, 5, 6], [2, 3]);
    const norm = (weight: number | null, eps = 1e-5) =>
      told(() => device.enqueue('rms_norm', [x, weight, null, null, null], [eps, 0], null));
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
    expect(told(() => device.enqueue('kv_copy', [ints([1, 2]), null, null], [0], null))).toMatch(
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

  it('knows an enumeration by its words and their places', async () => {
    const table = floats([0, 1], [1, 2]);
    const turned = async (direction: number | string) => {
      const x = floats([1, 2], [1, 1, 2]);
      device.enqueue('rope', [x, table, ints([0])], [direction], null);
      return [...(await device.read(x))];
    };
    expect(await turned('forward')).toEqual([-2, 1]);
    expect(await turned(0)).toEqual([-2, 1]);
    expect(await turned('inverse')).toEqual([2, -1]);
    expect(await turned(1)).toEqual([2, -1]);
    const wrong = (direction: unknown) =>
      told(() =>
        device.enqueue('rope', [floats([1, 2], [1, 1, 2]), table, ints([0])], [direction as number], null),
      );
    expect(wrong(7)).toMatch(
      /^SJ_WRONG_ARGUMENT \[rope\] direction: expected one of forward \(0\), inverse \(1\), received 7$/,
    );
    expect(wrong(0.5)).toMatch(/direction: expected one of forward \(0\), inverse \(1\), received 0.5$/);
    expect(wrong('back')).toMatch(
      /^SJ_WRONG_ARGUMENT \[rope\] direction: expected one of forward, inverse, received 'back'$/,
    );
    expect(told(() => device.enqueue('fill', [table], ['0'], null))).toMatch(
      /value: expected a number, received '0'$/,
    );
  });

  it('checks relations between dims and numbers', () => {
    const three = (heads: number) => device.empty(F32, [4, heads, 8], ROWS).handle;
    const tree = device.tree(new Int32Array([0, 4, -1]));
    const attention = (q: number, k: number, tree: number | null) =>
      told(() => device.enqueue('tree_attention', [q, k, k, null, null], [1, 0], tree));
    expect(attention(three(6), three(4), tree)).toMatch(
      /k: expected a number of heads that divides H = 6, received G = 4$/,
    );
    expect(attention(three(6), three(3), null)).toMatch(/tree: expected a tree, received null$/);
    const short = device.tree(new Int32Array([0, 3, -1]));
    expect(attention(three(6), three(3), short)).toMatch(
      /q: expected shape \[T = 3, H, d\], received \[4, 6, 8\]$/,
    );
    const rotated = (r: number) =>
      told(() => {
        const [heads, table] = [device.empty(F32, [2, 1, 4], ROWS), device.empty(F32, [2, r], ROWS)];
        device.enqueue('rope', [heads.handle, table.handle, ints([0, 1])], [0], null);
      });
    expect(rotated(3)).toMatch(/table: expected an even r of at most d = 4, received r = 3$/);
    expect(rotated(6)).toMatch(/table: expected an even r of at most d = 4, received r = 6$/);

    const x = device.empty(F32, [4, 8], ROWS).handle;
    const w = device.empty(F32, [6, 8], PANELS).handle;
    const a = device.empty(F32, [2, 8], ROWS).handle;
    const b = device.empty(F32, [6, 2], ROWS).handle;
    const linear = (a0: number | null, b0: number | null, start: number, rows: number, p = 0, activation = 0) =>
      told(() =>
        device.enqueue(
          'linear',
          [x, w, null, null, a0, b0, null, null, null, null, null, null],
          [1, start, rows, p, 0, 1, 0, 0, 0, 0, 0, 0, activation],
          null,
        ),
      );
    expect(linear(a, b, 2, 3)).toMatch(/rows0: expected start0 \+ rows0 <= T = 4, received 2 \+ 3$/);
    expect(linear(a, null, 0, 4)).toMatch(/b0: expected a0 and b0 together, received a0 alone$/);
    expect(linear(null, null, 0, 4)).toMatch(/rows0: expected 0, as a0 is absent, received 4$/);
    expect(linear(a, b, 0, 4, 0.1)).toMatch(/row_keys: expected a tensor, as p0 > 0, received null$/);
    expect(linear(null, null, 0, 0, 0, 1)).toMatch(
      /activation: expected silu, as gate is absent, received gelu_tanh$/,
    );
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
      [x, w, null, null, null, null, null, null, null, null, null, null],
      [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      null,
    );
    const after = device.counters();
    expect(after.calls - before.calls).toBe(3);
    expect(after.flops - before.flops).toBe(2 * 4 * 8 * 6);
  });
});
