import { ONE_RANK } from '@selfjudge/engine/internal';
import { describe, expect, it } from 'vitest';
import { settledLeaves } from './ranks.js';

const of = (size: number) => ({ ...ONE_RANK, size });

describe('settledLeaves', () => {
  it('keeps what a run began with, unless another number is given', () => {
    expect(settledLeaves(0, undefined, ONE_RANK)).toBe(1);
    expect(settledLeaves(0, { gradient_leaves: 8 }, of(2))).toBe(8);
    expect(settledLeaves(4, { gradient_leaves: 8 }, of(2))).toBe(4);
  });

  it('refuses slices that the processes do not share out equally', () => {
    const refused = 'gradient_leaves: expected a power of two that is a multiple of the 3 processes';
    expect(() => settledLeaves(8, undefined, of(3))).toThrow(`${refused}, received 8`);
    expect(() => settledLeaves(0, { gradient_leaves: 1 }, of(2))).toThrow(
      'multiple of the 2 processes; a run keeps those that it began with, received 1',
    );
    expect(() => settledLeaves(6, undefined, ONE_RANK)).toThrow(
      'gradient_leaves: expected a power of two, received 6',
    );
  });
});
