import { embedding } from '@selfjudge/engine';
import { gatherRows } from '@selfjudge/engine';
import { linear } from '@selfjudge/engine';
import { linearLogprob } from '@selfjudge/engine';
import { reshape } from '@selfjudge/engine';
import { rmsNorm } from '@selfjudge/engine';
import { rope } from '@selfjudge/engine';
import { swiglu } from '@selfjudge/engine';
import { treeAttention } from '@selfjudge/engine';
import type { Device } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import type { TreeBatch } from '@selfjudge/engine';
import { DeviceTree } from '@selfjudge/engine';
import { Vector, type LinearAdapter } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import type { StorageType } from './case.js';
import { ropeTable } from './cases/rows.js';
import { Random } from './random.js';

const vocabulary = 53;
const width = 40;
const inner = 56;
const heads = 4;
const kvHeads = 2;
const dim = 10;
const rank = 3;
const maxPositions = 200;

const matrices = {
  q: [heads * dim, width],
  k: [kvHeads * dim, width],
  v: [kvHeads * dim, width],
  o: [width, heads * dim],
  gate: [inner, width],
  up: [inner, width],
  down: [width, inner],
} as const;
type MatrixName = keyof typeof matrices;

interface Layer {
  attentionNorm: Vector;
  mlpNorm: Vector;
  weights: Record<MatrixName, Weight>;
  adapters: Record<MatrixName, { a: Vector; b: Vector }>;
}

/** A two-layer Llama-shaped model straight from ops, everything in it trained: what a tree must not change. */
export class MiniModel {
  readonly #device: Device;
  readonly #layers: Layer[];
  readonly #embedding: Weight;
  readonly #finalNorm: Vector;
  readonly #ropeTable: Tensor;
  readonly #parameters: (Weight | Vector)[] = [];

  constructor(device: Device, dtype: StorageType) {
    this.#device = device;
    const random = new Random('mini model');
    const weight = (n: number, k: number): Weight => {
      const rows = Tensor.from(device, Float32Array.from(random.normals(n * k, 1 / Math.sqrt(k))), [n, k]);
      const packed = Weight.pack(rows, dtype);
      rows.dispose();
      return this.#train(packed, [n, k]);
    };
    const vector = (shape: number[], mean: number, type: StorageType): Vector => {
      const size = shape.reduce((product, n) => product * n, 1);
      const values = Float32Array.from(random.normals(size, 0.2).map((x) => x + mean));
      return this.#train(new Vector(Tensor.from(device, values, shape, type)), shape);
    };
    this.#embedding = weight(vocabulary, width);
    this.#finalNorm = vector([width], 1, dtype);
    this.#layers = [0, 1].map(() => ({
      attentionNorm: vector([width], 1, dtype),
      mlpNorm: vector([width], 1, dtype),
      weights: each(([n, k]) => weight(n, k)),
      adapters: each(([n, k]) => ({
        a: vector([rank, k], 0, 'float32'),
        b: vector([n, rank], 0, 'float32'),
      })),
    }));
    this.#ropeTable = Tensor.from(device, Float32Array.from(ropeTable(maxPositions, dim)), [
      maxPositions,
      dim,
    ]);
  }

  /** Log-probabilities of the batch's labels, and the final hidden rows of all its rows. */
  forward(batch: TreeBatch): { logp: Tensor; hidden: Tensor } {
    const device = this.#device;
    const tree = DeviceTree.from(device, batch);
    const positions = Tensor.from(device, batch.positions, [batch.rows]);
    const rowKeys = Tensor.from(device, batch.rowKeys, [batch.rows, 2]);
    let x = embedding(this.#embedding, Tensor.from(device, batch.tokens, [batch.rows]));
    let branch: Tensor | undefined;
    this.#layers.forEach((layer, index) => {
      const apply = (name: MatrixName, input: Tensor): Tensor => {
        const module = Object.keys(matrices).indexOf(name) + 10 * index;
        const adapter: LinearAdapter = {
          ...layer.adapters[name],
          scale: 2,
          start: 0,
          rows: batch.rows,
          dropout: 0.2,
          module,
        };
        return linear(input, layer.weights[name], { adapters: [adapter], rowKeys, seed: 7, step: 3 });
      };
      const split = (input: Tensor, count: number): Tensor => reshape(input, [batch.rows, count, dim]);
      const attended = rmsNorm(x, layer.attentionNorm, 1e-5, { residual: branch });
      const q = rope(split(apply('q', attended.y), heads), this.#ropeTable, positions);
      const k = rope(split(apply('k', attended.y), kvHeads), this.#ropeTable, positions);
      const v = split(apply('v', attended.y), kvHeads);
      const mixed = treeAttention(q, k, v, tree, 1 / Math.sqrt(dim));
      const output = apply('o', reshape(mixed, [batch.rows, heads * dim]));
      const normed = rmsNorm(attended.sum, layer.mlpNorm, 1e-5, { residual: output });
      branch = apply('down', swiglu(apply('gate', normed.y), apply('up', normed.y)));
      x = normed.sum;
    });
    tree.dispose();
    const hidden = rmsNorm(x, this.#finalNorm, 1e-5, { residual: branch }).y;
    const labelled = gatherRows(hidden, Tensor.from(device, batch.headRows, [batch.headRows.length]));
    const { row, label } = batch.labels;
    const rows = Tensor.from(device, row, [row.length]);
    const labels = Tensor.from(device, label, [label.length]);
    return { logp: linearLogprob(labelled, this.#embedding, rows, labels), hidden };
  }

  /** The gradients so far, one array a parameter; sets them to zero. */
  async takeGradients(): Promise<Float32Array[]> {
    const gradients: Float32Array[] = [];
    for (const parameter of this.#parameters) {
      const { grad } = parameter;
      if (grad === undefined) continue;
      gradients.push((await grad.read()) as Float32Array);
      grad.dispose();
      parameter.grad = Tensor.zeros(this.#device, grad.shape);
    }
    return gradients;
  }

  dispose(): void {
    for (const parameter of this.#parameters) {
      parameter.grad?.dispose();
      parameter.dispose();
    }
    this.#ropeTable.dispose();
  }

  #train<P extends Weight | Vector>(parameter: P, shape: number[]): P {
    parameter.grad = Tensor.zeros(this.#device, shape);
    this.#parameters.push(parameter);
    return parameter;
  }
}

function each<T>(make: (shape: readonly [number, number]) => T): Record<MatrixName, T> {
  return Object.fromEntries(Object.entries(matrices).map(([name, shape]) => [name, make(shape)])) as Record<
    MatrixName,
    T
  >;
}

/** Random sequences that share prompts and parts of answers, some of them equal; every answer token is a label. */
export function randomSequences(random: Random): { tokens: number[]; targets: [number, number][] }[] {
  const tokens = (length: number): number[] => Array.from({ length }, () => random.below(vocabulary));
  const sequences: { tokens: number[]; targets: [number, number][] }[] = [];
  for (let prompt = 0; prompt < 1 + random.below(3); prompt++) {
    const head = tokens(1 + random.below(90));
    const middle = tokens(random.below(4));
    for (let answer = 0; answer < 1 + random.below(4); answer++) {
      const shared = random.uniform() < 0.5 ? middle : [];
      const all = [...head, ...shared, ...tokens(1 + random.below(20))];
      sequences.push({ tokens: all, targets: [[head.length, all.length]] });
    }
    if (random.uniform() < 0.3) sequences.push(sequences[sequences.length - 1]);
  }
  return sequences;
}
