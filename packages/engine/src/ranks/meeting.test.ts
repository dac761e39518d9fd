import { describe, expect, it } from 'vitest';
import { meet } from './meeting.js';
import { ONE_RANK, type Ranks } from './ranks.js';

/** Rank 0, and what the others come with. */
function among(...others: object[]): Ranks & { ended: boolean } {
  const ranks = {
    ...ONE_RANK,
    ended: false,
    size: others.length + 1,
    gather: <T>(own: T) => [own, ...others] as T[],
    endTogether: () => void (ranks.ended = true),
  };
  return ranks;
}
const facts = { 'kernel path': 'avx2', seed: '1' };

describe('meet', () => {
  it('lets ranks begin that are the same', () => {
    const ranks = among({ facts }, { facts });
    meet(ranks, () => facts);
    expect(ranks.ended).toBe(false);
  });

  it('names every rank that differs with both values, and what one has alone', () => {
    const ranks = among({ facts }, { facts: { 'kernel path': 'avx512', seed: '1', judge: '"x"' } });
    expect(() => meet(ranks, () => facts)).toThrow(
      'kernel path: expected the same on all ranks; rank 0 has avx2, received avx512 on rank 2\n' +
        'judge: expected the same on all ranks; rank 0 has none, received "x" on rank 2',
    );
    expect(ranks.ended).toBe(true);
  });

  it('gives the words of a rank that failed before', () => {
    const ranks = among({ facts }, { failure: 'no such file: rows.jsonl' });
    expect(() => meet(ranks, () => facts)).toThrow(
      'rank 2: expected all ranks ready to begin, received no such file: rows.jsonl',
    );
    expect(ranks.ended).toBe(true);
  });

  it('asks a process alone for nothing', () => {
    meet(ONE_RANK, () => {
      throw new Error('asked');
    });
  });
});
