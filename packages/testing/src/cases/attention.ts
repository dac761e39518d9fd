import { clone } from '@selfjudge/engine';
import { kvCopy } from '@selfjudge/engine';
import { kvWrite } from '@selfjudge/engine';
import { treeAttention } from '@selfjudge/engine';
import { treeAttentionPool } from '@selfjudge/engine';
import type { Device } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { TreeBatch } from '@selfjudge/engine';
import type { OpCase, StorageType } from '../case.js';
import * as oracle from '../oracle.js';
import { activation, float32, ints } from './inputs.js';
import { ropeTable } from './rows.js';

interface Heads {
  heads: number;
  kvHeads: number;
  dim: number;
}

const grouped: Heads = { heads: 9, kvHeads: 3, dim: 16 };
const single: Heads = { heads: 1, kvHeads: 1, dim: 8 };
const thin: Heads = { heads: 1, kvHeads: 1, dim: 4 };
const wide: Heads = { heads: 3, kvHeads: 1, dim: 64 };

const range = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => from + i);
const prompt = range(9);

/** Segments of the tree of these paths. */
function sharing(paths: number[][]): Int32Array {
  return TreeBatch.from(paths.map((tokens) => ({ tokens }))).segments;
}

interface TreeCall {
  segments: ArrayLike<number>;
  shape: Heads;
  scale?: number;
  window?: number;
}

/** Paths of 72, 66 and 108 rows that leave each other inside chunks. */
const branched = [0, 61, -1, 61, 2, 0, 63, 9, 1, 72, 3, 1, 75, 42, 0, 117, 5, 4];

const trees: Record<string, TreeCall> = {
  'one row': { segments: [0, 1, -1], shape: single },
  'one causal segment of odd length': { segments: [0, 37, -1], shape: single },
  'a segment over two chunks': { segments: [0, 131, -1], shape: single },
  'grouped heads': { segments: [0, 19, -1], shape: grouped },
  'wide heads': { segments: [0, 21, -1], shape: wide },
  'a forest': { segments: [0, 5, -1, 5, 1, -1, 6, 7, -1], shape: single },
  'three levels': { segments: [0, 5, -1, 5, 3, 0, 8, 7, 1, 15, 1, 1, 16, 4, 0], shape: grouped },
  'three levels across chunks': {
    segments: [0, 61, -1, 61, 2, 0, 63, 9, 1, 72, 3, 1, 75, 70, 0, 145, 5, 4],
    shape: single,
  },
  'siblings that share 0 answer tokens': {
    segments: sharing([
      [...prompt, 100, 101, 102],
      [...prompt, 200, 201],
    ]),
    shape: grouped,
  },
  'siblings that share 1 answer token': {
    segments: sharing([
      [...prompt, 100, 101, 102],
      [...prompt, 100, 201],
    ]),
    shape: grouped,
  },
  'siblings that share many answer tokens': {
    segments: sharing([
      [...prompt, ...range(70, 100), 1],
      [...prompt, ...range(70, 100), 2, 3],
    ]),
    shape: single,
  },
  'many rows below a prompt': {
    segments: [0, 21, -1, 21, 63, 0, 84, 63, 0, 147, 63, 0, 210, 63, 0],
    shape: { heads: 4, kvHeads: 1, dim: 8 },
  },
  'duplicate sequences': { segments: sharing([prompt, [...prompt, 4], prompt]), shape: single },
  'huge scores': { segments: [0, 40, -1, 40, 3, 0], shape: single, scale: 30 },
  'tiny scores': { segments: [0, 70, -1], shape: single, scale: 1e-6 },
  'a negative scale': { segments: [0, 9, -1], shape: single, scale: -0.5 },
  'a window of 1 row': { segments: [0, 3, -1, 3, 2, 0, 5, 1, 0], shape: single, window: 1 },
  'a window of 3 rows over three levels': {
    segments: [0, 5, -1, 5, 3, 0, 8, 7, 1, 15, 1, 1, 16, 4, 0],
    shape: grouped,
    window: 3,
  },
  'a window of 63 rows over branches': { segments: branched, shape: thin, window: 63 },
  'a window of 64 rows over branches': { segments: branched, shape: { ...thin, heads: 2 }, window: 64 },
  'a window of 65 rows over branches': { segments: branched, shape: single, window: 65 },
  'a window of 100 rows over branches': { segments: branched, shape: single, window: 100 },
  'a window that no path is longer than': { segments: branched, shape: thin, window: 1000 },
  'a window that ends inside branches': {
    segments: [0, 6, -1, 6, 40, 0, 46, 40, 0],
    shape: { heads: 4, kvHeads: 1, dim: 8 },
    window: 20,
  },
  // Past the 31st row of these the CUDA kernels multiply whole strips of a run that has no cut.
  'a window that ends on the second row past a branch': {
    segments: [0, 2, -1, 2, 40, 0, 42, 10, 0],
    shape: { heads: 8, kvHeads: 1, dim: 8 },
    window: 4,
  },
  'a window that leaves short stretches of branches out': {
    segments: [0, 1, -1, 1, 15, 0, 16, 15, 0, 31, 15, 0, 46, 5, 0],
    shape: { heads: 4, kvHeads: 1, dim: 8 },
    window: 4,
  },
  'a window that begins on the last key of a chunk': {
    segments: [0, 65, -1, 65, 2, 0, 67, 2, 0],
    shape: single,
    window: 3,
  },
};

/** A step that moves scores by about 1e-3. */
function stepOf(scale: number): number {
  return Math.min(1, 1e-3 / Math.abs(scale));
}

const treeCases = Object.entries(trees).map(
  ([name, { segments, shape, scale = 1 / Math.sqrt(shape.dim), window }]): OpCase => {
    const paths = oracle.windowed(oracle.treePaths(segments), window ?? 0);
    const { heads, kvHeads, dim } = shape;
    return {
      op: 'treeAttention',
      name,
      inputs: (r) => ({
        q: activation(r, [paths.length, heads, dim]),
        k: activation(r, [paths.length, kvHeads, dim]),
        v: activation(r, [paths.length, kvHeads, dim]),
      }),
      run: (x) => {
        const tree = x.tree(Int32Array.from(segments));
        return [treeAttention(x.tensor('q'), x.tensor('k'), x.tensor('v'), tree, scale, window)];
      },
      oracle: (x) => [oracle.attention(x.q, x.k, x.v, paths, shape, scale)],
      roundings: 3,
      // Rounding a score of size s moves its weight by s 2^-24.
      tolerance: 1e-5 * Math.max(1, Math.abs(scale)),
      // In dq and dk the weighted mean of do v is taken from do v.
      gradientMagnitude: Math.abs(scale) * Math.sqrt(dim),
      step: { q: stepOf(scale), k: stepOf(scale) },
    };
  },
);

const unwritten = (device: Device, shape: number[], dtype: StorageType) =>
  Tensor.from(device, new Float32Array(shape.reduce((a, b) => a * b)).fill(NaN), shape, dtype);

/**
 * Three paths in shuffled blocks: `longest` keys, 3 keys, and a branch of the first after 66 keys. With a window also the first
 * once more, its blocks before the window none, beside rows that begin in other chunks of it.
 */
function poolCase(
  name: string,
  shape: Heads,
  { scale = 1 / Math.sqrt(shape.dim), longest = 70, window = 0 } = {},
): OpCase {
  const { heads, kvHeads, dim } = shape;
  const width = Math.ceil(longest / 64);
  const blocks = width + 2;
  const shuffled = range(blocks).reverse();
  const first = shuffled.slice(0, width);
  const [short, branched] = shuffled.slice(width);
  const inWindow = first.map((block, c) => (64 * (c + 1) > longest - window ? block : -1));
  const tables = [first, [short], [first[0], branched], ...(window > 0 ? [inWindow] : [])];
  const rows = [
    { table: 0, length: longest },
    { table: 0, length: 1 },
    { table: 0, length: 64 },
    { table: 0, length: 65 },
    { table: 1, length: 3 },
    { table: 2, length: 66 },
    ...(window > 0
      ? [
          { table: 0, length: longest - 35 },
          { table: 3, length: longest },
          { table: 0, length: longest - 80 },
          { table: 3, length: longest },
        ]
      : []),
  ];
  const written = [longest, 3].flatMap((length, table) =>
    range(length).map((i) => 64 * tables[table][i >> 6] + (i % 64)),
  );
  const paths = oracle.windowed(
    rows.map(({ table, length }) => range(length, table === 1 ? longest : 0)),
    window,
  );
  const read = rows.flatMap(({ table }, i) =>
    paths[i].map((row) => {
      const at = table === 1 ? row - longest : row;
      return 64 * tables[table][at >> 6] + (at % 64);
    }),
  );
  return {
    op: 'treeAttentionPool',
    name,
    inputs: (r) => ({
      q: activation(r, [paths.length, heads, dim]),
      k: activation(r, [written.length, kvHeads, dim]),
      v: activation(r, [written.length, kvHeads, dim]),
      slots: ints(written),
      moves: ints([first[1], branched, 2], [1, 3]),
      tables: ints(
        tables.flatMap((table) => range(width).map((i) => table[i] ?? 0)),
        [tables.length, width],
      ),
      rowTable: ints(rows.map(({ table }) => table)),
      lengths: ints(rows.map(({ length }) => length)),
    }),
    run: (x) => {
      // What nobody wrote may hold anything: it is not read, or counts for exactly nothing.
      const poolK = unwritten(x.device, [blocks, kvHeads * dim, 64], x.dtype);
      const poolV = unwritten(x.device, [blocks, kvHeads * 64, dim], x.dtype);
      kvWrite(x.tensor('k'), x.tensor('v'), x.tensor('slots'), poolK, poolV);
      kvCopy(x.tensor('moves'), poolK, poolV, 2);
      const [tables, rowTable, lengths] = [x.tensor('tables'), x.tensor('rowTable'), x.tensor('lengths')];
      const reads = { pairs: read.length, keys: new Set(read).size };
      return [
        treeAttentionPool(x.tensor('q'), poolK, poolV, tables, rowTable, lengths, scale, reads, window),
      ];
    },
    oracle: (x) => [oracle.attention(x.q, x.k, x.v, paths, shape, scale)],
    differentiable: false,
    roundings: 3,
  };
}

/** (from block, to block, keys). */
const copied = [
  [0, 3, 64],
  [2, 1, 7],
  [4, 5, 0],
];

const poolCases = [
  ...[grouped, single, wide].map((shape) =>
    poolCase(`${shape.heads} heads on ${shape.kvHeads} of ${shape.dim}`, shape),
  ),
  poolCase('a negative scale', grouped, { scale: -0.5 }),
  poolCase('a path of many chunks', wide, { longest: 600 }),
  ...[1, 3, 63, 64, 65, 100, 1000].map((window) =>
    poolCase(`a window of ${window} keys`, window === 65 ? wide : grouped, { longest: 230, window }),
  ),
];

/** Rows of two heads of 5 written to a pool, then blocks moved in it; `kept`: which row each slot ends with. */
function kvCase(
  name: string,
  {
    blocks,
    slots,
    moves,
    kept,
  }: { blocks: number; slots: number[]; moves: number[]; kept: Map<number, number> },
): OpCase {
  return {
    op: 'kvWrite',
    name,
    inputs: (r) => ({
      k: activation(r, [slots.length, 2, 5]),
      v: activation(r, [slots.length, 2, 5]),
      slots: ints(slots),
      moves: ints(moves, [moves.length / 3, 3]),
    }),
    run: (x) => {
      const poolK = Tensor.zeros(x.device, [blocks, 10, 64], x.dtype);
      const poolV = Tensor.zeros(x.device, [blocks, 128, 5], x.dtype);
      kvWrite(x.tensor('k'), x.tensor('v'), x.tensor('slots'), poolK, poolV);
      const copied = moves.filter((_, i) => i % 3 === 2).reduce((a, b) => a + b);
      kvCopy(x.tensor('moves'), poolK, poolV, copied);
      return [poolK, poolV];
    },
    oracle: (x) => {
      const poolK = new Float64Array(blocks * 10 * 64);
      const poolV = new Float64Array(blocks * 128 * 5);
      for (const [slot, row] of kept) {
        const [block, offset] = [slot >> 6, slot % 64];
        for (let g = 0; g < 2; g++) {
          for (let i = 0; i < 5; i++) {
            poolK[(block * 10 + g * 5 + i) * 64 + offset] = x.k[row * 10 + g * 5 + i];
            poolV[(block * 128 + g * 64 + offset) * 5 + i] = x.v[row * 10 + g * 5 + i];
          }
        }
      }
      return [poolK, poolV];
    },
    differentiable: false,
  };
}

/** Rows written with their keys, and their queries, rotated; two rows share a position, two a slot. */
function rotatingCase({ heads, kvHeads, dim }: Heads, queries: boolean, rotated = dim): OpCase {
  const slots = [70, 3, 64, 3, 127];
  const positions = [9, 0, 63, 9, 40];
  return {
    op: 'kvWrite',
    name: `keys of ${kvHeads}x${dim} rotated${queries ? `, and queries of ${heads}` : ''}${rotated < dim ? `, ${rotated} of each` : ''}`,
    inputs: (r) => ({
      q: activation(r, [slots.length, heads, dim]),
      k: activation(r, [slots.length, kvHeads, dim]),
      v: activation(r, [slots.length, kvHeads, dim]),
      slots: ints(slots),
      table: float32([64, rotated], ropeTable(64, rotated)),
      positions: ints(positions),
    }),
    run: (x) => {
      const poolK = Tensor.zeros(x.device, [2, kvHeads * dim, 64], x.dtype);
      const poolV = Tensor.zeros(x.device, [2, kvHeads * 64, dim], x.dtype);
      const [table, at, k] = [x.tensor('table'), x.tensor('positions'), x.tensor('k')];
      const q = queries ? clone(x.tensor('q')) : undefined;
      const turned = kvWrite(k, x.tensor('v'), x.tensor('slots'), poolK, poolV, { table, positions: at, q });
      const kept = [poolK, poolV, k.retain()];
      return turned === undefined ? kept : [...kept, turned];
    },
    oracle: (x) => {
      const keys = oracle.rope(x.k, x.table, x.positions, { heads: kvHeads, dim, rotated });
      const poolK = new Float64Array(2 * kvHeads * dim * 64);
      const poolV = new Float64Array(2 * kvHeads * 64 * dim);
      for (const [slot, row] of lastRows(slots)) {
        const [block, offset] = [slot >> 6, slot % 64];
        for (let i = 0; i < kvHeads * dim; i++) {
          const [g, at] = [Math.floor(i / dim), i % dim];
          poolK[(block * kvHeads * dim + i) * 64 + offset] = keys[row * kvHeads * dim + i];
          poolV[((block * kvHeads + g) * 64 + offset) * dim + at] = x.v[row * kvHeads * dim + i];
        }
      }
      const q = oracle.rope(x.q, x.table, x.positions, { heads, dim, rotated });
      return queries ? [poolK, poolV, x.k, q] : [poolK, poolV, x.k];
    },
    differentiable: false,
  };
}

/** Slots of 1,100 rows in 18 blocks, the last three named before. */
const manySlots = range(1100).map((i) => (i < 1097 ? (i * 7) % 1152 : ((i - 1097) * 7) % 1152));
const lastRows = (slots: number[]) => new Map(slots.map((slot, row) => [slot, row]));

const kvCases: OpCase[] = [
  rotatingCase({ heads: 9, kvHeads: 3, dim: 64 }, true),
  rotatingCase({ heads: 2, kvHeads: 2, dim: 2 }, true),
  rotatingCase({ heads: 4, kvHeads: 2, dim: 80 }, true),
  rotatingCase({ heads: 2, kvHeads: 1, dim: 10 }, false),
  rotatingCase({ heads: 4, kvHeads: 2, dim: 128 }, true, 96),
  // What is rotated allows wide loads, the head does not; and the other way round.
  rotatingCase({ heads: 2, kvHeads: 2, dim: 37 }, true, 16),
  rotatingCase({ heads: 3, kvHeads: 1, dim: 48 }, true, 10),
  kvCase('keys transposed, values by key, heads apart', {
    blocks: 2,
    slots: [64, 127, 3, 65],
    // Block 1's first key; row 3 lies next to it and is not moved.
    moves: [1, 0, 1],
    kept: new Map([
      [64, 0],
      [127, 1],
      [3, 2],
      [65, 3],
      [0, 0],
    ]),
  }),
  kvCase('a slot named twice keeps the later row', {
    blocks: 3,
    slots: [64, 70, 64, 65, 70],
    moves: [0, 2, 1],
    kept: lastRows([64, 70, 64, 65, 70]),
  }),
  kvCase('many rows, some slots named twice', {
    blocks: 19,
    slots: manySlots,
    moves: [0, 18, 0],
    kept: lastRows(manySlots),
  }),
  kvCase('moves happen in order, each on what the one before left', {
    blocks: 4,
    slots: [0, 1, 130],
    moves: [0, 1, 2, 1, 3, 1, 2, 1, 1, 1, 1, 9],
    kept: new Map([
      [0, 0],
      [1, 1],
      [65, 1],
      [192, 0],
      [130, 2],
    ]),
  }),
  {
    op: 'kvCopy',
    name: 'a whole block, the head of one, none of one',
    inputs: (r) => ({
      poolK: activation(r, [6, 10, 64]),
      poolV: activation(r, [6, 128, 5]),
      moves: ints(copied.flat(), [copied.length, 3]),
    }),
    run: (x) => {
      kvCopy(x.tensor('moves'), x.tensor('poolK'), x.tensor('poolV'), 71);
      return [x.tensor('poolK').retain(), x.tensor('poolV').retain()];
    },
    oracle: (x) => {
      const [poolK, poolV] = [x.poolK.slice(), x.poolV.slice()];
      for (const [from, to, count] of copied) {
        for (let g = 0; g < 2; g++) {
          for (let i = 0; i < 5; i++) {
            for (let key = 0; key < count; key++) {
              const k = (g * 5 + i) * 64 + key;
              const v = (g * 64 + key) * 5 + i;
              poolK[to * 640 + k] = x.poolK[from * 640 + k];
              poolV[to * 640 + v] = x.poolV[from * 640 + v];
            }
          }
        }
      }
      return [poolK, poolV];
    },
    differentiable: false,
  },
];

export const attentionCases: OpCase[] = [...treeCases, ...poolCases, ...kvCases];
