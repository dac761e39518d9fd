import { describe, expect, it } from 'vitest';
import { DataOrder } from './dataOrder.js';

const options = { length: 10, batchSize: 4, epochs: 3, maxSteps: 0, seed: 7 };

describe('DataOrder', () => {
  it('sees every example once an epoch and shortens only the last batch', () => {
    const order = new DataOrder(options);
    expect(order.totalSteps).toBe(8);
    const all = Array.from({ length: 8 }, (_, i) => order.batch(i + 1));
    expect(all.map((b) => b.length)).toEqual([4, 4, 4, 4, 4, 4, 4, 2]);
    const flat = all.flat();
    for (let e = 0; e < 3; e++)
      expect(flat.slice(10 * e, 10 * e + 10).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(flat.slice(0, 10)).not.toEqual(flat.slice(10, 20));
    expect(order.epoch(5)).toBe(2);
    expect(order.epoch(8)).toBe(3);
  });

  it('depends on seed and step alone', () => {
    const a = new DataOrder(options);
    const b = new DataOrder(options);
    for (const step of [8, 2, 5, 1]) b.batch(step);
    for (let step = 1; step <= 8; step++) expect(b.batch(step)).toEqual(a.batch(step));
    expect(new DataOrder({ ...options, seed: 8 }).batch(1)).not.toEqual(a.batch(1));
  });

  it('maxSteps wins over epochs', () => {
    const order = new DataOrder({ ...options, maxSteps: 12 });
    expect(order.totalSteps).toBe(12);
    expect(order.batch(12)).toHaveLength(4);
  });

  it('refuses an empty data set', () => {
    expect(() => new DataOrder({ ...options, length: 0 })).toThrow(/at least one example/);
  });
});
