import { copyTo, Device, ParameterSet, Tensor } from '@selfjudge/engine';
import { ONE_RANK, type Ranks } from '@selfjudge/engine/internal';
import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { AdamW, type AdamWState } from './adamw.js';
import { shardOf } from './shards.js';
import { writeInto } from '../testing/tiny.js';

const SIZE = 43;
const options = { adamBeta1: 0.9, adamBeta2: 0.999, adamEpsilon: 1e-8, weightDecay: 0.3, maxGradNorm: 1 };
const random = new Random(5);
const normals = () => Float32Array.from({ length: SIZE }, () => random.normal());
const start = normals();
const gradients = [normals(), normals(), normals()];

/** A matrix, a vector and a matrix: ranges of another weight decay than their neighbours. */
function parameters(): ParameterSet {
  const entries = [
    { name: 'first', offset: 0, shape: [5, 4] },
    { name: 'vector', offset: 20, shape: [7] },
    { name: 'second', offset: 27, shape: [4, 4] },
  ];
  return new ParameterSet(
    Device.open('cpu'),
    Tensor.from(Device.open('cpu'), start, [SIZE]),
    entries,
    () => {},
  );
}

/** What one rank comes to: the values after each step, and the moments at the end. */
async function alone(): Promise<{ values: Float32Array[]; state: AdamWState }> {
  const set = parameters();
  const optimizer = new AdamW({ policy: set }, options);
  const values: Float32Array[] = [];
  for (const gradient of gradients) {
    writeInto(set.grad, gradient, copyTo);
    await optimizer.step(0.05);
    values.push(await set.read());
  }
  return { values, state: await optimizer.state() };
}

/** Rank `rank` of `size`, whose peers have what `whole` has: it is told that, and what it sends has to be that too. */
function rankOf(rank: number, size: number, whole: () => Float32Array, blockOf: (peer: number) => number) {
  const each = Math.ceil(SIZE / size);
  const sent: number[] = [];
  const block = (of: number, ranksIn: number) => {
    const from = Math.floor(of / ranksIn) * ranksIn * each;
    const padded = new Float32Array(ranksIn * each);
    padded.set(whole().subarray(from, from + ranksIn * each));
    return padded;
  };
  const ranks: Ranks = {
    ...ONE_RANK,
    rank,
    size,
    exchange: (values, peer) => {
      sent.push(values.length);
      expect(values).toEqual(block(rank, blockOf(peer)));
      return block(peer, blockOf(peer));
    },
  };
  return { ranks, sent };
}

describe('AdamW whose moments ranks share', () => {
  it.each([2, 4, 8, 64])('has the bits of one rank and a part of its memory: %i ranks', async (size) => {
    const expected = await alone();
    for (const rank of [0, 1, size - 1]) {
      const set = parameters();
      let step = 0;
      const { ranks, sent } = rankOf(
        rank,
        size,
        () => expected.values[step],
        (peer) => rank ^ peer,
      );
      const before = set.value.device.memory().live;
      const optimizer = new AdamW({ policy: set }, options, ranks);
      const { from, size: own } = shardOf(SIZE, ranks);
      // Two moments, in blocks of the allocator.
      expect(set.value.device.memory().live - before).toBe(own > 0 ? 2 * 64 * Math.ceil((4 * own) / 64) : 0);
      for (const gradient of gradients) {
        writeInto(set.grad, gradient, copyTo);
        await optimizer.step(0.05);
        expect(await set.read()).toEqual(expected.values[step++]);
      }
      // (N - 1) / N of the values, but for what is padded.
      const aStep = sent.reduce((sum, values) => sum + values, 0) / gradients.length;
      expect(aStep).toBe((size - 1) * Math.ceil(SIZE / size));
      if (rank === 0) continue;
      const told: Float32Array[] = [];
      ranks.exchange = (values, peer) => (expect(peer).toBe(0), told.push(values), values);
      const { moments } = await optimizer.state();
      const { m, v } = expected.state.moments.policy;
      const part = (of: Float32Array) => of.subarray(from, from + own);
      expect(moments.policy).toEqual({ m: part(m), v: part(v) });
      expect(told.map((values) => values.subarray(0, own))).toEqual([part(m), part(v)]);
      optimizer.dispose();
    }
  });

  it('gives rank 0 all moments for a checkpoint, and takes them up at any number', async () => {
    const { state } = await alone();
    for (const size of [2, 4, 8]) {
      const parts = Array.from({ length: size }, (_, rank) => {
        const own = new AdamW({ policy: parameters() }, options, { ...ONE_RANK, rank, size });
        own.load(state);
        return own;
      });
      let asked = 0;
      const ranks: Ranks = {
        ...ONE_RANK,
        size,
        // First m of all peers, then v.
        exchange: (values, peer) => {
          const kind = asked++ < size - 1 ? 'm' : 'v';
          const shard = shardOf(SIZE, { rank: peer, size });
          const padded = new Float32Array(values.length);
          padded.set(state.moments.policy[kind].subarray(shard.from, shard.from + shard.size));
          return padded;
        },
      };
      const first = new AdamW({ policy: parameters() }, options, ranks);
      first.load(state);
      expect(await first.state()).toEqual(state);
      for (const one of [first, ...parts]) one.dispose();
    }
  });

  it('refuses moments that are not whole', async () => {
    const optimizer = new AdamW({ policy: parameters() }, options, { ...ONE_RANK, rank: 1, size: 2 });
    const part = { m: new Float32Array(22), v: new Float32Array(22) };
    expect(() => optimizer.load({ moments: { policy: part }, step: 1 })).toThrow(
      '[AdamW.load] policy.m: expected 43 values, received 22',
    );
  });
});

describe('shardOf', () => {
  it('cuts any size into ranges that follow each other', () => {
    for (const size of [1, 2, 7, 43, 64])
      for (const count of [1, 2, 4, 8]) {
        const all = Array.from({ length: count }, (_, rank) => shardOf(size, { rank, size: count }));
        const covered = all.flatMap(({ from, size: own }) => Array.from({ length: own }, (_, i) => from + i));
        expect(covered).toEqual(Array.from({ length: size }, (_, i) => i));
      }
  });
});
