import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schedule } from './schedule.js';
import type { ScheduleOptions } from '../options/loop.js';

const options: ScheduleOptions = {
  learningRate: 1,
  lrSchedulerType: 'constant_with_warmup',
  warmupRatio: 0,
  warmupSteps: 0,
  minLrRatio: 0,
};
const rates = (o: Partial<ScheduleOptions>, steps: number) => {
  const at = schedule({ ...options, ...o }, steps);
  return Array.from({ length: steps }, (_, i) => at(i + 1));
};

interface Case {
  options: Partial<ScheduleOptions> & { warmupSteps: number; lrSchedulerType: string };
  totalSteps: number;
  /** Of transformers, from step 1 to the one after the last. */
  rates: number[];
}
const cases = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/schedules.json', import.meta.url), 'utf8'),
) as Case[];

describe("transformers' schedulers", () => {
  it.each(cases.map((one) => [one.options.lrSchedulerType, one.options.warmupSteps, one] as const))(
    '%s after %i steps of warm-up: the same rates, those of the warm-up a step earlier',
    (_, warmup, { options: own, totalSteps, rates: theirs }) => {
      const ours = rates(own, totalSteps);
      const early = own.lrSchedulerType === 'constant' ? 0 : warmup;
      ours.forEach((rate, i) => {
        const theirRate = theirs[i < early ? i + 1 : i];
        // Of the peak of 2e-4, a rounding or two.
        expect(Math.abs(rate - theirRate)).toBeLessThan(2e-19);
      });
    },
  );
});

describe('schedule', () => {
  it('constant with warm-up by ratio, rounded up', () => {
    expect(rates({ warmupRatio: 0.25 }, 10)).toEqual([1 / 3, 2 / 3, 1, 1, 1, 1, 1, 1, 1, 1]);
  });
  it('constant has no warm-up', () => {
    expect(rates({ lrSchedulerType: 'constant', warmupRatio: 0.25 }, 3)).toEqual([1, 1, 1]);
  });
  it('steps win over the ratio', () => {
    expect(rates({ warmupRatio: 0.5, warmupSteps: 2 }, 4)).toEqual([0.5, 1, 1, 1]);
  });
  it('linear never reaches 0 within the run', () => {
    expect(rates({ lrSchedulerType: 'linear' }, 4)).toEqual([1, 0.75, 0.5, 0.25]);
  });
  it('cosine falls to the minimum ratio', () => {
    const r = rates({ lrSchedulerType: 'cosine', minLrRatio: 0.1, warmupSteps: 1 }, 101);
    expect(r[0]).toBe(1);
    expect(r[1]).toBe(1);
    expect(r[51]).toBeCloseTo(0.55, 12);
    expect(r[100]).toBeCloseTo(0.1, 3);
    expect(r.slice(1).every((x, i, a) => i === 0 || x <= a[i - 1])).toBe(true);
  });
});
