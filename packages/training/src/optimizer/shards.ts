import { copyTo, Tensor } from '@selfjudge/engine';
import { tidy, type Ranks } from '@selfjudge/engine/internal';

/** A contiguous range of a flat tensor. */
export interface Shard {
  from: number;
  size: number;
}

/** The range of `size` values that is rank `rank`'s: equal ones but for the last, which may be empty. */
export function shardOf(size: number, { rank, size: count }: Pick<Ranks, 'rank' | 'size'>): Shard {
  const each = Math.ceil(size / count);
  const edge = (i: number) => Math.min(size, i * each);
  return { from: edge(rank), size: edge(rank + 1) - edge(rank) };
}

/**
 * Puts the range of every rank into a flat float32 tensor of which each has its own range: by recursive doubling, so that of N ranks,
 * a power of two, each sends (N - 1) / N of the tensor in log2 N messages.
 */
export async function gatherShards(tensor: Tensor, ranks: Ranks): Promise<void> {
  const { size } = tensor;
  const each = Math.ceil(size / ranks.size);
  const blockOf = (rank: number, ranksIn: number): Shard => {
    const from = Math.min(size, Math.floor(rank / ranksIn) * ranksIn * each);
    return { from, size: Math.min(size, from + ranksIn * each) - from };
  };
  for (let level = 1; level < ranks.size; level *= 2) {
    const peer = ranks.rank ^ level;
    const [own, other] = [blockOf(ranks.rank, level), blockOf(peer, level)];
    // Both ways as much: the last block may be shorter, or empty.
    const sent = new Float32Array(level * each);
    if (own.size > 0) sent.set((await tensor.view(own.from, [own.size]).read()) as Float32Array);
    const received = ranks.exchange(sent, peer);
    if (other.size > 0)
      tidy(() =>
        copyTo(
          Tensor.from(tensor.device, received.subarray(0, other.size), [other.size]),
          tensor.view(other.from, [other.size]),
        ),
      );
  }
}

/**
 * The ranges of all ranks in one, on rank 0. The others hold no more than their own meanwhile.
 * @param own this rank's range
 * @returns the whole on rank 0, on others `own`
 */
export function collectShards(own: Float32Array, size: number, ranks: Ranks): Float32Array {
  if (ranks.size === 1) return own;
  const padded = new Float32Array(Math.ceil(size / ranks.size));
  padded.set(own);
  if (ranks.rank > 0) {
    ranks.exchange(padded, 0);
    return own;
  }
  const whole = new Float32Array(size);
  whole.set(own);
  for (let peer = 1; peer < ranks.size; peer++) {
    const shard = shardOf(size, { rank: peer, size: ranks.size });
    whole.set(ranks.exchange(padded, peer).subarray(0, shard.size), shard.from);
  }
  return whole;
}
