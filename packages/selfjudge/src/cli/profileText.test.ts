import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readProfile, sumProfile } from '@selfjudge/training/runs/internal';
import { describeProfile } from './profileText.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-profile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const work = (calls: number, gflop: number, gb: number) => ({ calls, flops: gflop * 1e9, bytes: gb * 1e9 });
const timed = (seconds: number, ...of: [calls: number, gflop: number, gb: number]) => ({
  seconds,
  ...work(...of),
});

describe('a profile', () => {
  it('is the sum of its lines, with the rates that phases achieved', () => {
    const rows = [
      {
        step: 1,
        phases: { other: timed(0.5, 0, 0, 0), update: timed(2, 30, 100, 4) },
        ops: { linear: work(20, 100, 3), fill: work(10, 0, 1) },
      },
      {
        step: 2,
        phases: { checkpoint: timed(1, 0, 0, 0), update: timed(2, 30, 140, 4) },
        ops: { linear: work(20, 140, 3), fill: work(10, 0, 1) },
      },
      // What comes after the last step.
      { step: 2, phases: { checkpoint: timed(1.5, 2, 0, 0.5) }, ops: { unpack: work(2, 0, 0.5) } },
    ];
    const torn = '{"step":3,"phases":{"upd';
    writeFileSync(
      join(folder, 'profile.jsonl'),
      [...rows.map((row) => JSON.stringify(row)), torn].join('\n'),
    );
    expect(
      describeProfile(sumProfile(readProfile(folder).rows)!)
        .split('\n')
        .slice(0, 16),
    ).toEqual([
      '2 steps in 7 s',
      '',
      'phase       seconds   share  calls  GFLOP   GB  GFLOP/s  GB/s',
      '----------  -------  ------  -----  -----  ---  -------  ----',
      'update            4   57.1%     60    240    8       60     2',
      'checkpoint      2.5   35.7%      2      -  0.5        -   0.2',
      'other           0.5    7.1%      0      -    -        -     -',
      'all               7  100.0%     62    240  8.5     34.3  1.21',
      '',
      'op      calls  GFLOP   share   GB  share',
      '------  -----  -----  ------  ---  -----',
      'linear     40    240  100.0%    6  70.6%',
      'fill       20      -       -    2  23.5%',
      'unpack      2      -       -  0.5   5.9%',
      '',
      expect.stringMatching(/^GFLOP: /),
    ]);
  });

  it('keeps within 100 columns with the figures of a long run, and tells ten ops', () => {
    const big = { calls: 123_456_789_012, flops: 1.5e21, bytes: 1.5e18 };
    const phases = [{ phase: 'checkpoint' as const, share: 0.5, seconds: 1e6, ...big }];
    const ops = Array.from({ length: 13 }, (_, i) => ({ op: `tree_attention_backward_${i}`, ...big }));
    const lines = describeProfile({ steps: 1e6, seconds: 1e6, phases, ops }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.filter((line) => line.startsWith('tree_'))).toHaveLength(10);
    expect(lines.find((line) => line.startsWith('3 more'))).toMatch(/^3 more +370370367036 /);
  });

  it('is none where a run has none', () => {
    expect(sumProfile(readProfile(join(folder, 'elsewhere')).rows)).toBeUndefined();
  });
});
