import { ArgumentError } from '@selfjudge/base';
import { attentionScale, windowOf, windowsOf, type ModelConfig } from '../model/config.js';
import type { Device } from '../tensor/device.js';
import { kvCopy } from '../tensor/ops/kvCopy.js';
import { kvWrite, type Angles } from '../tensor/ops/kvWrite.js';
import { treeAttentionPool, type PoolReads, type WindowReads } from '../tensor/ops/treeAttentionPool.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';

/** Keys a block: the canonical chunk that attention reduces over, so a block never straddles two. */
export const BLOCK = 64;

/** Blocks that hold `keys` keys. */
export function blocksFor(keys: number): number {
  return Math.ceil(keys / BLOCK);
}

/** Where rows write and what they read, on the device. */
export interface PoolRows {
  /** int32 [T]: block * 64 + offset of each row's own key. */
  slots: Tensor;
  /** int32 [S, C]: the blocks of each path, in order. */
  tables: Tensor;
  /** int32 [T]: the path of each row. */
  rowTable: Tensor;
  /** int32 [T]: keys each row reads, its own included. */
  lengths: Tensor;
  /** What these lengths and tables come to, by window. */
  reads: readonly WindowReads[];
}

/**
 * What rows at these positions of paths read. Rows whose paths begin with the same blocks stand together.
 * @param window keys that a row sees at most, as of treeAttention; 0, the default: all of its path
 */
export function readsOf(
  rows: readonly { position: number; table: readonly number[] }[],
  window = 0,
): PoolReads {
  let pairs = 0;
  let keys = 0;
  let above: readonly number[] = [];
  // What the rows until now have read along the path of the row above, in stretches that lie apart.
  let read: { from: number; to: number }[] = [];
  for (const { position, table } of rows) {
    const to = position + 1;
    const from = window === 0 ? 0 : Math.max(0, to - window);
    let common = 0;
    while (common < table.length && table[common] === above[common]) common++;
    const shared = common * BLOCK;
    const all = { from, to };
    const apart: typeof read = [];
    let known = 0;
    for (const before of read) {
      const part = { from: before.from, to: Math.min(before.to, shared) };
      if (part.from >= part.to) continue;
      known += Math.max(0, Math.min(to, part.to) - Math.max(from, part.from));
      if (part.to < from || part.from > to) {
        apart.push(part);
      } else {
        all.from = Math.min(all.from, part.from);
        all.to = Math.max(all.to, part.to);
      }
    }
    read = [...apart, all];
    pairs += to - from;
    keys += to - from - known;
    above = table;
  }
  return { pairs, keys };
}

/** `readsOf` by the windows that a model's layers have. */
export function readsByWindow(rows: Parameters<typeof readsOf>[0], config: ModelConfig): WindowReads[] {
  return windowsOf(config).map((window = 0) => ({ window, ...readsOf(rows, window) }));
}

/**
 * Keys and values of many paths in blocks of 64, one pair of tensors a layer: pool_k [B, G d, 64] and pool_v
 * [B, G 64, d], uninitialised until written. Blocks are counted here: a block that several paths begin with is stored
 * once and free again when the last of them lets go.
 */
export class KvPool {
  readonly blocks: number;
  readonly #config: ModelConfig;
  readonly #keys: Tensor[];
  readonly #values: Tensor[];
  readonly #holders: Int32Array;
  /** Free blocks; the last freed is used first, so that memory never needed is never touched. */
  readonly #free: number[];

  constructor(device: Device, config: ModelConfig, dtype: 'float32' | 'bf16', blocks: number) {
    const { layers, kvHeads, headDim } = config;
    this.blocks = blocks;
    this.#config = config;
    this.#keys = [];
    this.#values = [];
    this.#holders = new Int32Array(blocks);
    this.#free = Array.from({ length: blocks }, (_, i) => blocks - 1 - i);
    try {
      for (let layer = 0; layer < layers; layer++) {
        this.#keys.push(owned(() => Tensor.empty(device, [blocks, kvHeads * headDim, BLOCK], dtype)));
        this.#values.push(owned(() => Tensor.empty(device, [blocks, kvHeads * BLOCK, headDim], dtype)));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get free(): number {
    return this.#free.length;
  }

  /** `count` blocks with one holder each. */
  take(count: number): number[] {
    if (count > this.#free.length) {
      throw new ArgumentError('count', {
        where: 'KvPool.take',
        expected: `at most ${this.#free.length} blocks, those that are free`,
        received: count,
      });
    }
    const taken = Array.from({ length: count }, () => this.#free.pop()!);
    for (const block of taken) this.#holders[block] = 1;
    return taken;
  }

  /** One more holder of each block. */
  share(blocks: readonly number[]): void {
    for (const block of blocks) this.#holders[block]++;
  }

  /** One holder less; a block without holders is free. */
  release(blocks: readonly number[]): void {
    for (const block of blocks) if (--this.#holders[block] === 0) this.#free.push(block);
  }

  /** Copies the first `count` keys of a block into another, in all layers: [from, to, count] triples. */
  copy(moves: readonly (readonly [from: number, to: number, count: number])[]): void {
    if (moves.length === 0) return;
    const { device } = this.#keys[0];
    const copied = moves.reduce((sum, [, , count]) => sum + count, 0);
    tidy(() => {
      const triples = Tensor.from(device, Int32Array.from(moves.flat()), [moves.length, 3]);
      this.#keys.forEach((keys, layer) => kvCopy(triples, keys, this.#values[layer], copied));
    });
  }

  /** Rotates the rows' keys of one layer and puts them and the values where they belong. */
  write(layer: number, k: Tensor, v: Tensor, angles: Angles, { slots }: PoolRows): void {
    kvWrite(k, v, slots, this.#keys[layer], this.#values[layer], angles);
  }

  /** Attention of one layer over the pool, after the rows' own keys and values are in it; rotates queries and keys. */
  attend(
    layer: number,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    angles: Angles,
    { slots, tables, rowTable, lengths, reads }: PoolRows,
  ): Tensor {
    const [keys, values] = [this.#keys[layer], this.#values[layer]];
    const rotated = kvWrite(k, v, slots, keys, values, { ...angles, q })!;
    const scale = attentionScale(this.#config);
    const window = windowOf(this.#config, layer) ?? 0;
    const read = reads.find((one) => one.window === window)!;
    return treeAttentionPool(rotated, keys, values, tables, rowTable, lengths, scale, read, window);
  }

  dispose(): void {
    for (const tensor of [...this.#keys, ...this.#values]) tensor.dispose();
  }
}
