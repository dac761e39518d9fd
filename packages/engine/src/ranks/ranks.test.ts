import { describe, expect, it } from 'vitest';
import { launchedIn } from './launched.js';
import { ONE_RANK, partOf, shareOut, type Ranks } from './ranks.js';
import { cpuNumbers, gpuOf, threadsOf } from './threads.js';

describe('partOf', () => {
  it('cuts any list into contiguous parts that differ by one at most', () => {
    for (let length = 0; length < 20; length++)
      for (const parts of [1, 2, 4, 8]) {
        const items = Array.from({ length }, (_, i) => i);
        const cut = Array.from({ length: parts }, (_, part) => partOf(items, part, parts));
        expect(cut.flat()).toEqual(items);
        const sizes = cut.map((part) => part.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }
  });

  it('gives a rank the slices that lie in its part, in whatever number of them', () => {
    const items = Array.from({ length: 13 }, (_, i) => i);
    const ofRank = (rank: number) => [0, 1].flatMap((leaf) => partOf(items, 2 * rank + leaf, 4));
    expect([ofRank(0), ofRank(1)]).toEqual([partOf(items, 0, 2), partOf(items, 1, 2)]);
  });
});

describe('shareOut', () => {
  const rankOf = (rank: number, others: number[][]): Ranks => ({
    ...ONE_RANK,
    rank,
    size: others.length,
    gather: <T>(own: T) => others.map((other, i) => (i === rank ? own : (other as T))),
  });

  it('has each rank do its part and gives all results in order', async () => {
    const asked: (readonly number[])[] = [];
    const twice = async (part: readonly number[]) => (asked.push(part), part.map((x) => 2 * x));
    expect(await shareOut(rankOf(1, [[2], [], [6]]), [1, 2, 3], twice)).toEqual([2, 4, 6]);
    expect(asked).toEqual([[2]]);
  });

  it('asks for nothing of a rank without a part', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await shareOut(rankOf(0, [[], [7]]), [1], never)).toEqual([7]);
  });

  it('refuses work that loses a result', async () => {
    await expect(shareOut(rankOf(0, [[], []]), [1, 2, 3, 4], async () => [1])).rejects.toThrow(
      '[shareOut] results: expected 2, one of each item, received 1',
    );
  });
});

describe('launchedIn', () => {
  it('knows the launchers by their variables', () => {
    const of = (rank: string, size: string) => launchedIn({ [rank]: '1', [size]: '4' });
    expect(of('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE')).toEqual({ rank: 1, size: 4 });
    expect(of('PMI_RANK', 'PMI_SIZE')).toEqual({ rank: 1, size: 4 });
    expect(of('PMIX_RANK', 'SLURM_STEP_NUM_TASKS')).toEqual({ rank: 1, size: 4 });
    expect(launchedIn({})).toBeUndefined();
    // A batch script that starts one process within a larger allocation.
    expect(launchedIn({ SLURM_PROCID: '0', SLURM_NTASKS: '4' })).toBeUndefined();
  });

  it('refuses tasks that know nothing of each other, and ranks that cannot be', () => {
    expect(() => launchedIn({ SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '4' })).toThrow(
      'srun: expected srun --mpi=pmix, which tells the tasks of each other (srun --mpi=list says what there is), received 4 tasks',
    );
    for (const [rank, size] of [
      ['4', '4'],
      ['x', '4'],
      ['-1', '4'],
      ['0', ''],
    ])
      expect(() => launchedIn({ PMI_RANK: rank, PMI_SIZE: size })).toThrow('PMI_RANK and PMI_SIZE: expected');
  });
});

describe('threadsOf', () => {
  const place = (boot: string, cpus: string) => ({ boot, cpus: cpuNumbers(cpus) });

  it('reads lists of processors as Linux writes them', () => {
    expect(cpuNumbers('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9]);
  });

  it('shares out processors among the ranks of a machine alone', () => {
    const two = [place('a', '0-7'), place('a', '0-7'), place('b', '0-3')];
    expect([0, 1].map((rank) => threadsOf(two, rank, 8))).toEqual([4, 4]);
    expect(threadsOf(two, 2, 4)).toBe(4);
    const three = Array.from({ length: 3 }, () => place('a', '0-5'));
    expect(threadsOf(three, 0, 6)).toBe(2);
  });

  it('leaves ranks that a launcher bound what is theirs, and nobody without a thread', () => {
    const bound = [place('a', '0-1'), place('a', '2-3')];
    expect(threadsOf(bound, 1, 2)).toBe(2);
    const crowded = Array.from({ length: 4 }, () => place('a', '0-1'));
    expect(threadsOf(crowded, 3, 2)).toBe(1);
    // A cgroup allows two of sixteen.
    expect(threadsOf([place('a', '0-15'), place('a', '0-15')], 0, 2)).toBe(1);
  });
});

describe('gpuOf', () => {
  const place = (boot: string, gpus?: string) => ({ boot, cpus: [0], gpus });

  it('numbers the ranks of a machine that see the same GPUs', () => {
    const two = [place('a'), place('b'), place('a'), place('b'), place('a')];
    expect(two.map((_, rank) => gpuOf(two, rank))).toEqual([0, 0, 1, 1, 2]);
  });

  it('takes the first of those that a launcher gave a rank alone', () => {
    const bound = [place('a', '0'), place('a', '1'), place('a', '2,3'), place('a', '2,3')];
    expect(bound.map((_, rank) => gpuOf(bound, rank))).toEqual([0, 0, 0, 1]);
  });
});
