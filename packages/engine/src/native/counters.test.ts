import { contracts, NativeDevice, type NativeWork } from '@selfjudge/native';
import { afterAll, describe, expect, it } from 'vitest';
import { BF16, F32, I32, PANELS, ROWS } from '@selfjudge/testing/native';

const device = new NativeDevice('cpu');
afterAll(() => device.close());

const floats = (...shape: number[]) => device.empty(F32, shape, ROWS).handle;
const halves = (...shape: number[]) => device.empty(BF16, shape, ROWS).handle;
const ints = (values: number[], shape = [values.length]) =>
  device.upload(Int32Array.from(values), I32, shape).handle;
/** A weight, and the bytes of its storage, which is padded. */
function weight(n: number, k: number) {
  const before = device.memory().packed;
  const { handle } = device.empty(F32, [n, k], PANELS);
  return { handle, bytes: device.memory().packed - before };
}

/** What `work` adds to the counters: in all, and by op. */
function counted(work: () => void): NativeWork & Record<'ops', Record<string, NativeWork>> {
  const [before, , after] = [device.counters(), work(), device.counters()];
  const difference = (a: NativeWork, b: NativeWork = { calls: 0, flops: 0, bytes: 0 }) => ({
    calls: a.calls - b.calls,
    flops: a.flops - b.flops,
    bytes: a.bytes - b.bytes,
  });
  const ops = after.ops.map(
    ({ op, ...work }) =>
      [
        op,
        difference(
          work,
          before.ops.find((other) => other.op === op),
        ),
      ] as const,
  );
  return {
    ...difference(after, before),
    ops: Object.fromEntries(ops.filter(([, { calls }]) => calls > 0)),
  };
}
/** Runs one op; absent tensors and outputs are null. */
function call(op: string, tensors: (number | null)[], numbers: number[] = [], tree: number | null = null) {
  const { length } = contracts().find((contract) => contract.op === op)!.tensors;
  const all = Array.from({ length }, (_, i) => tensors[i] ?? null);
  return counted(() => device.enqueue(op, all, numbers, tree)).ops[op];
}

const NO_ADAPTER = [0, 0, 0, 0, 0];

describe('bytes', () => {
  it('reads each input once and writes each output once, by storage and dtype', () => {
    expect(call('add', [floats(3, 5), floats(3, 5)]).bytes).toBe(3 * 15 * 4);
    expect(call('add', [halves(3, 5), halves(3, 5)]).bytes).toBe(3 * 15 * 2);
    expect(call('scale', [halves(3, 5)], [2]).bytes).toBe(2 * 15 * 2);
    expect(call('cast_bf16', [floats(7)]).bytes).toBe(7 * (4 + 2));
    expect(call('rms_norm', [floats(4, 6), floats(6)], [0, 0]).bytes).toBe((24 + 6 + 24) * 4);
    expect(call('rms_norm', [floats(4, 6), floats(6), floats(4, 6)], [0, 0]).bytes).toBe((24 + 6 + 24 + 48) * 4);
    const w = weight(5, 8);
    expect(w.bytes).toBeGreaterThan(5 * 8 * 4);
    const numbers = [...NO_ADAPTER, ...NO_ADAPTER, 0, 0, 0];
    expect(call('linear', [floats(4, 8), w.handle], numbers).bytes).toBe((32 + 20) * 4 + w.bytes);
    expect(call('unpack', [w.handle]).bytes).toBe(w.bytes + 40 * 4);
  });

  it('reads and writes what is changed in place, and does not read what is overwritten', () => {
    expect(call('add_in_place', [floats(9), floats(9)]).bytes).toBe(3 * 9 * 4);
    expect(call('adamw', [floats(9), floats(9), floats(9), floats(9)], [1, 0, 0, 0, 0, 1, 1]).bytes).toBe(
      7 * 9 * 4,
    );
    expect(call('fill', [floats(9)], [1]).bytes).toBe(9 * 4);
    expect(call('copy', [halves(9), halves(9)]).bytes).toBe(2 * 9 * 2);
    const w = weight(5, 8);
    expect(call('pack', [floats(5, 8), w.handle]).bytes).toBe(40 * 4 + w.bytes);
  });

  it('counts the rows picked out of a larger tensor', () => {
    const table = weight(1000, 6).handle;
    const ids = ints([3, 1, 3]);
    expect(call('embedding', [table, ids]).bytes).toBe(3 * 6 * 4 * 2 + 12);
    expect(call('embedding_backward', [floats(3, 6), ids, floats(1000, 6)]).bytes).toBe(3 * 6 * 4 * 3 + 12);
    expect(call('gather_rows', [floats(100, 6), ids]).bytes).toBe(3 * 6 * 4 * 2 + 12);
    expect(call('scatter_rows', [floats(3, 6), ids], [100]).bytes).toBe((3 * 6 + 100 * 6) * 4 + 12);
    expect(call('rope', [floats(3, 2, 6), floats(100, 6), ids], [0]).bytes).toBe((2 * 36 + 3 * 6) * 4 + 12);
    expect(call('rope', [floats(3, 2, 6), floats(2, 6), ints([0, 1, 0])], [0]).bytes).toBe(
      (2 * 36 + 2 * 6) * 4 + 12,
    );
    // 4 of 6 values of each head.
    expect(call('rope', [floats(3, 2, 6), floats(100, 4), ids], [0]).bytes).toBe((2 * 24 + 3 * 4) * 4 + 12);
  });

  it('counts the keys of a pool that are written, copied and read', () => {
    // Two key heads of 6: 12 elements a key, and as many a value.
    const pool = () => [halves(9, 12, 64), halves(9, 128, 6)];
    const slots = ints([0, 70, 71]);
    expect(call('kv_write', [halves(3, 2, 6), halves(3, 2, 6), slots, ...pool()]).bytes).toBe(
      4 * 36 * 2 + 12,
    );
    const angles = [floats(100, 6), ints([0, 1, 0]), halves(3, 4, 6)];
    expect(call('kv_write', [halves(3, 2, 6), halves(3, 2, 6), slots, ...pool(), ...angles]).bytes).toBe(
      4 * 36 * 2 + 12 + (3 * 6 * 4 + 12) + 2 * 72 * 2,
    );
    const part = [floats(100, 4), ints([0, 1, 0]), halves(3, 4, 6)];
    expect(call('kv_write', [halves(3, 2, 6), halves(3, 2, 6), slots, ...pool(), ...part]).bytes).toBe(
      4 * 36 * 2 + 12 + (3 * 4 * 4 + 12) + 2 * 48 * 2,
    );
    expect(call('kv_copy', [ints([0, 1, 7, 2, 3, 9], [2, 3]), ...pool()], [16]).bytes).toBe(
      16 * 12 * 2 * 4 + 24,
    );
    const reads = [ints([0, 1, 0, 2], [2, 2]), ints([0, 1]), ints([70, 66])];
    const work = call('tree_attention_pool', [halves(2, 4, 6), ...pool(), ...reads], [1, 0, 136, 72]);
    expect(work.flops).toBe(4 * 136 * 4 * 6);
    expect(work.bytes).toBe(2 * 48 * 2 + 72 * 12 * 2 * 2 + 16 + 8 + 8);
  });
});

describe('floating-point operations', () => {
  it('of the backward of an adapter are those of what is asked for', () => {
    const [rows, n, k, r] = [4, 5, 8, 3];
    const w = weight(n, k).handle;
    const backward = (needDx: number, gradA: number | null, gradB: number | null) =>
      call(
        'linear_backward',
        [
          floats(rows, n),
          floats(rows, k),
          w,
          null,
          floats(r, k),
          floats(n, r),
          floats(rows, r),
          null,
          null,
          null,
          null,
          null,
          gradA,
          gradB,
        ],
        [1, 0, rows, 0, 0, ...NO_ADAPTER, 0, 0, needDx],
      ).flops;
    const [dyb, a, b, base] = [r * n, r * k, r * n, n * k].map((elements) => 2 * rows * elements);
    expect(backward(1, floats(r, k), floats(n, r))).toBe(base + dyb + a + a + b);
    expect(backward(0, floats(r, k), floats(n, r))).toBe(dyb + a + b);
    expect(backward(1, null, null)).toBe(base + dyb + a);
    // Nothing needs dy B.
    expect(backward(0, null, floats(n, r))).toBe(b);
  });

  it('of attention are those of the keys that rows see: as many as the window holds', () => {
    const [heads, dim] = [4, 6];
    // Depths 0 to 4, two branches of 5 to 7 and 5 to 6.
    const tree = device.tree(Int32Array.of(0, 5, -1, 5, 3, 0, 8, 2, 0));
    const depths = [0, 1, 2, 3, 4, 5, 6, 7, 5, 6];
    const [q, k, lse] = [floats(10, heads, dim), floats(10, 2, dim), floats(10, heads)];
    for (const window of [0, 1, 2, 5, 6, 7, 8, 100]) {
      const keys = depths.map((depth) => (window === 0 ? depth + 1 : Math.min(depth + 1, window)));
      const pairs = keys.reduce((sum, n) => sum + n);
      const forward = call('tree_attention', [q, k, k], [1, window], tree);
      expect(forward.flops).toBe(4 * pairs * heads * dim);
      expect(forward.bytes).toBe(4 * (2 * 10 * heads * dim + 2 * 10 * 2 * dim + 10 * heads));
      const backward = call('tree_attention_backward', [q, q, k, k, q, lse], [1, window], tree);
      expect(backward.flops).toBe(10 * pairs * heads * dim);
    }
  });

  it('are none for what is no matrix product', () => {
    const others = ['add', 'fill'].map((op) =>
      call(op, op === 'add' ? [floats(9), floats(9)] : [floats(9)], op === 'add' ? [] : [1]),
    );
    expect(others.map(({ flops }) => flops)).toEqual([0, 0]);
  });
});

describe('counters', () => {
  it('are the sum over ops, and a refused call counts nothing', () => {
    const work = counted(() => {
      device.enqueue('add', [floats(2), floats(2), null], [], null);
      device.enqueue('fill', [floats(2)], [1], null);
      device.enqueue('fill', [floats(3)], [1], null);
      expect(() => device.enqueue('add', [floats(2), floats(3), null], [], null)).toThrow();
    });
    expect(work).toEqual({
      calls: 3,
      flops: 0,
      bytes: 24 + 8 + 12,
      ops: { add: { calls: 1, flops: 0, bytes: 24 }, fill: { calls: 2, flops: 0, bytes: 20 } },
    });
  });

  it('count a Program each time it runs, with what it reads of a pool that time', () => {
    const q = floats(1, 2, 4);
    const pool = [floats(3, 4, 64), floats(3, 64, 4)];
    const inputs = [ints([0, 1], [1, 2]), ints([0]), ints([5])];
    for (const tensor of pool) device.enqueue('fill', [tensor], [0], null);
    device.enqueue('fill', [q], [0], null);
    const attend = () => {
      const [o] = device.enqueue('tree_attention_pool', [q, ...pool, ...inputs, null], [1, 0, 5, 5], null);
      device.enqueue('fill', [o!.handle], [0], null);
    };
    let program = 0;
    const bytes = (keys: number) => 2 * 8 * 4 + keys * 4 * 4 * 2 + 8 + 4 + 4;
    const first = counted(() => {
      device.beginProgram();
      attend();
      program = device.endProgram();
    });
    expect(first.ops.tree_attention_pool).toEqual({ calls: 1, flops: 4 * 5 * 8, bytes: bytes(5) });
    const again = counted(() => {
      device.runProgram(program, [0, 6, 6]);
      device.runProgram(program, [9, 1, 1, 0, 70, 7]);
    });
    expect(again.ops).toEqual({
      tree_attention_pool: { calls: 2, flops: 4 * 76 * 8, bytes: bytes(6) + bytes(7) },
      fill: { calls: 2, flops: 0, bytes: 2 * 32 },
    });
    expect(() => device.runProgram(program, [0, -1, 0])).toThrow(/reads: expected an integer/);
    device.disposeProgram(program);
  });
});
