import { cpuInfo } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceTree, kvWrite, Tape, Tensor, tidy, treeAttention, treeAttentionPool } from '@selfjudge/engine';
import { TreeBatch, type Device } from '@selfjudge/engine';
import { branchingSequences } from './branchingSequences.js';
import type { StorageType } from './case.js';
import { openPath } from './openPath.js';
import { treePaths } from './oracle.js';
import { Random } from './random.js';

const WINDOWS = [65, 3, 64, 100, 1, 63];
const [HEADS, KV_HEADS, DIM] = [16, 2, 8];
const SCALE = 1 / Math.sqrt(DIM);

/** Rows of queries, keys, values and gradients of results, [T, H, d] or [T, G, d]. */
type Rows = Record<'q' | 'k' | 'v' | 'dO', Float32Array>;
const HEADS_OF = { q: HEADS, k: KV_HEADS, v: KV_HEADS, dO: HEADS };

function mapRows(rows: Rows, map: (values: Float32Array, width: number) => Float32Array): Rows {
  const of = (name: keyof Rows) => map(rows[name], HEADS_OF[name] * DIM);
  return { q: of('q'), k: of('k'), v: of('v'), dO: of('dO') };
}

function picked(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => out.set(values.subarray(row * width, (row + 1) * width), i * width));
  return out;
}

/** Of two arrays of the same length, the first place where they differ, by bits. */
function difference(a: Float32Array, b: Float32Array): number | undefined {
  const [x, y] = [a, b].map((values) => new Uint32Array(values.slice().buffer));
  const at = x.findIndex((bits, i) => bits !== y[i]);
  return at === -1 && x.length === y.length ? undefined : at;
}

/** The largest difference, relative to the largest value, or to 1 where that is less. */
function distance(a: Float32Array, b: Float64Array): number {
  let [worst, largest] = [0, 1];
  a.forEach((x, i) => {
    worst = Math.max(worst, Math.abs(x - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  });
  return worst / largest;
}

/** Attention over a tree, and its gradients. */
async function attend(
  device: Device,
  dtype: StorageType,
  segments: Int32Array,
  rows: Rows,
  window?: number,
): Promise<Record<'o' | 'dq' | 'dk' | 'dv', Float32Array>> {
  const count = rows.q.length / (HEADS * DIM);
  const given = (['q', 'k', 'v'] as const).map((name) =>
    Tensor.from(device, rows[name], [count, HEADS_OF[name], DIM], dtype),
  );
  const tree = DeviceTree.from(device, { segments, rows: count });
  const tape = new Tape();
  for (const x of given) tape.watch(x);
  const o = tape.run(() => treeAttention(given[0], given[1], given[2], tree, SCALE, window));
  tape.backward(o, rows.dO);
  const results = [o, ...given.map((x) => tape.gradient(x) as Tensor)];
  const read = await Promise.all(results.map((x) => x.read() as Promise<Float32Array>));
  for (const x of [...given, ...results]) x.dispose();
  tape.dispose();
  tree.dispose();
  return { o: read[0], dq: read[1], dk: read[2], dv: read[3] };
}

/** Attention of all rows of a path from a pool, then of its last row where the blocks it sees nothing of are none. */
async function attendPool(device: Device, dtype: StorageType, { q, k, v }: Rows, window: number) {
  const length = q.length / (HEADS * DIM);
  const blocks = Math.ceil(length / 64);
  const order = Array.from({ length: blocks }, (_, i) => (i + 1) % blocks);
  const seen = order.map((block, c) => (64 * (c + 1) > length - window ? block : -1));
  const ints = (values: number[], shape = [values.length]) =>
    Tensor.from(device, Int32Array.from(values), shape);
  const unwritten = (shape: number[]) =>
    Tensor.from(device, new Float32Array(shape.reduce((a, b) => a * b)).fill(NaN), shape, dtype);
  const results = tidy(() => {
    const slots = ints(Array.from({ length }, (_, i) => order[i >> 6] * 64 + (i % 64)));
    const poolK = unwritten([blocks, KV_HEADS * DIM, 64]);
    const poolV = unwritten([blocks, KV_HEADS * 64, DIM]);
    const [keys, values] = [k, v].map((x) => Tensor.from(device, x, [length, KV_HEADS, DIM], dtype));
    kvWrite(keys, values, slots, poolK, poolV);
    const of = (lengths: number[], table: number[]) => {
      const rows = q.subarray((length - lengths.length) * HEADS * DIM);
      const queries = Tensor.from(device, rows, [lengths.length, HEADS, DIM], dtype);
      const tables = ints(table, [1, blocks]);
      const reads = { pairs: 0, keys: 0 };
      const rowTable = ints(lengths.map(() => 0));
      return treeAttentionPool(queries, poolK, poolV, tables, rowTable, ints(lengths), SCALE, reads, window);
    };
    const lengths = Array.from({ length }, (_, i) => i + 1);
    return [of(lengths, order), of([length], seen)];
  });
  const [all, last] = await Promise.all(results.map((x) => x.read() as Promise<Float32Array>));
  for (const x of results) x.dispose();
  return { all, last };
}

function randomTree(random: Random): { segments: Int32Array; rows: Rows } {
  const { segments, rows: count } = TreeBatch.from(branchingSequences(random, 50));
  const empty = {
    q: new Float32Array(),
    k: new Float32Array(),
    v: new Float32Array(),
    dO: new Float32Array(),
  };
  return {
    segments,
    rows: mapRows(empty, (_, width) => Float32Array.from(random.normals(count * width))),
  };
}

/** The last rows of segments that have no children. */
function leafRows(segments: Int32Array): number[] {
  const all = Array.from({ length: segments.length / 3 }, (_, s) => segments.subarray(3 * s, 3 * s + 3));
  const parents = new Set(all.map(([, , parent]) => parent));
  return all.flatMap(([start, length], s) => (parents.has(s) ? [] : [start + length - 1]));
}

/**
 * What a window may not change: the bits of a row, whether its path lies in a tree, alone or in a pool. The path is chosen
 * once a process, so each path has a test file of its own.
 */
export function describeAttentionWindows(path: string): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`windows of attention on ${path}`, () => {
    let device: Device;
    beforeAll(() => {
      device = openPath(path);
    });
    afterAll(() => device.close());

    for (const dtype of ['float32', 'bf16'] as const) {
      it(`rows of a tree are those of their paths alone and from a pool, ${dtype}`, async () => {
        const { segments, rows } = randomTree(new Random(`windows ${dtype}`));
        const paths = treePaths(segments);
        const slow = device.path === 'simt'; // a thousand times slower
        for (const window of slow ? WINDOWS.slice(0, 1) : WINDOWS) {
          const shared = await attend(device, dtype, segments, rows, window);
          const sums = { dk: new Float64Array(shared.dk.length), dv: new Float64Array(shared.dv.length) };
          const counted = new Set<number>();
          for (const leaf of leafRows(segments)) {
            const path = paths[leaf];
            const first = path.findIndex((row) => !counted.has(row));
            const own = mapRows(rows, (values, width) => picked(values, width, path));
            // Gradients of rows that an earlier path has brought are not added again.
            own.dO.fill(0, 0, first * HEADS * DIM);
            path.forEach((row) => counted.add(row));
            const alone = await attend(device, dtype, Int32Array.of(0, path.length, -1), own, window);
            const pool = await attendPool(device, dtype, own, window);
            const fresh = path.slice(first);
            const differences = {
              o: difference(picked(shared.o, HEADS * DIM, path), alone.o),
              dq: difference(picked(shared.dq, HEADS * DIM, fresh), alone.dq.subarray(first * HEADS * DIM)),
              pool: difference(pool.all, alone.o),
              last: difference(pool.last, alone.o.subarray(-HEADS * DIM)),
            };
            expect({ window, leaf, ...differences }).toEqual({ window, leaf });
            for (const name of ['dk', 'dv'] as const) {
              alone[name].forEach((x, i) => {
                const width = KV_HEADS * DIM;
                sums[name][path[Math.floor(i / width)] * width + (i % width)] += x;
              });
            }
          }
          expect(distance(shared.dk, sums.dk)).toBeLessThan(dtype === 'bf16' ? 2 ** -6 : 1e-5);
          expect(distance(shared.dv, sums.dv)).toBeLessThan(dtype === 'bf16' ? 2 ** -6 : 1e-5);
        }
      });

      it(`a window that no path is longer than changes no bit, ${dtype}`, async () => {
        const { segments, rows } = randomTree(new Random(`whole ${dtype}`));
        const longest = Math.max(...treePaths(segments).map((path) => path.length));
        const none = await attend(device, dtype, segments, rows);
        const changed = async (window: number) => {
          const some = await attend(device, dtype, segments, rows, window);
          return (['o', 'dq', 'dk', 'dv'] as const).filter(
            (name) => difference(some[name], none[name]) !== undefined,
          );
        };
        expect(await changed(longest)).toEqual([]);
        expect(await changed(2 ** 31 - 1)).toEqual([]);
        expect(await changed(longest - 1)).toEqual(['o', 'dq', 'dk', 'dv']);
      });
    }

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
