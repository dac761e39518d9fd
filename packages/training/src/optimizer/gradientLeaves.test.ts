import { copyTo, Tensor, tidy } from '@selfjudge/engine';
import { ONE_RANK, type Ranks } from '@selfjudge/engine/internal';
import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { loraTrainable } from './trainable.js';
import { leavesOf } from './gradientLeaves.js';
import { tinyLora, tinyModel } from '../testing/tiny.js';

const model = tinyModel();
const { parameters } = loraTrainable(model, tinyLora, { seed: 1 });
const { grad, size } = parameters.policy;
const random = new Random(3);
/** Of each of 11 rows a gradient: of sums in another order some bits are others. */
const gradients = Array.from({ length: 11 }, () =>
  Float32Array.from({ length: size }, () => random.normal()),
);
const rows = gradients.map((_, i) => i);

const sumOf = (a: Float32Array, b: Float32Array) => a.map((x, i) => x + b[i]);
const add = (row: number) => tidy(() => copyTo(Tensor.from(grad.device, gradients[row], [size]), grad));

/** The tree as the decision draws it: of slices of rows, of which none has more than one here. */
function tree(leaves: (Float32Array | undefined)[]): Float32Array {
  const zero = new Float32Array(size);
  if (leaves.length === 1) return leaves[0] ?? zero;
  const half = leaves.length / 2;
  return sumOf(tree(leaves.slice(0, half)), tree(leaves.slice(half)));
}

/** All ranks of a job one after the other: those behind ask for what those before them gave, so sums go up the tree once. */
async function jobOf(count: number, size: number): Promise<Float32Array[]> {
  const sums = new Map<string, Float32Array>();
  const ofRank = async (rank: number, peers: (level: number) => Float32Array | undefined) => {
    let level = 0;
    const ranks: Ranks = {
      ...ONE_RANK,
      rank,
      size,
      gather: (own) => [own],
      exchange: (values, peer) => {
        sums.set(`${rank} ${level}`, values);
        expect(peer).toBe(rank ^ (1 << level));
        return peers(level++) ?? new Float32Array(values.length);
      },
    };
    await leavesOf(parameters, count, ranks).each(rows, async (slice) => slice.forEach(add));
    const total = (await grad.read()) as Float32Array;
    parameters.policy.zeroGrad();
    return total;
  };
  const levels = Math.log2(size);
  // What a rank gives at a level is right once those below are: as many rounds as levels, and one for the totals.
  let totals: Float32Array[] = [];
  for (let round = 0; round <= levels; round++) {
    totals = [];
    for (let rank = 0; rank < size; rank++)
      totals.push(await ofRank(rank, (level) => sums.get(`${rank ^ (1 << level)} ${level}`)));
  }
  return totals;
}

describe('leavesOf', () => {
  it('adds slices in one binary tree, whatever the number of ranks', async () => {
    // 16 slices of 11 rows: none has two, five have none.
    const leaves = Array.from({ length: 16 }, (_, leaf) => {
      const [from, to] = [leaf, leaf + 1].map((i) => Math.floor((i * rows.length) / 16));
      return from < to ? gradients[from] : undefined;
    });
    const expected = tree(leaves);
    expect(gradients.reduce(sumOf)).not.toEqual(expected);
    for (const size of [1, 2, 4, 8, 16])
      for (const total of await jobOf(16, size)) expect(total).toEqual(expected);
  });

  it('runs a slice at a time and gives what was said of each', async () => {
    const asked: number[][] = [];
    const said = await leavesOf(parameters, 4, ONE_RANK).each(rows, async (slice) => {
      expect((await grad.read()).every((value) => value === 0)).toBe(true);
      asked.push([...slice]);
      slice.forEach(add);
      return slice.length;
    });
    expect(asked).toEqual([
      [0, 1],
      [2, 3, 4],
      [5, 6, 7],
      [8, 9, 10],
    ]);
    expect(said).toEqual([2, 3, 3, 3]);
    parameters.policy.zeroGrad();
  });

  it('frees what it holds when a slice fails', async () => {
    const before = grad.device.memory().live;
    const failing = leavesOf(parameters, 4, ONE_RANK).each(rows, async (slice) => {
      if (slice.includes(6)) throw new Error('the third');
    });
    await expect(failing).rejects.toThrow('the third');
    expect(grad.device.memory().live).toBe(before);
  });

  it('refuses slices that are no power of two, and ranks that do not divide them', () => {
    const of = (count: number, size: number) => () => leavesOf(parameters, count, { ...ONE_RANK, size });
    expect(of(3, 1)).toThrow('[train] gradientLeaves: expected a power of two, received 3');
    expect(of(4, 8)).toThrow('expected a power of two that 8 processes divide, received 4');
    expect(of(8, 3)).toThrow('expected a power of two that 3 processes divide, received 8');
  });
});
