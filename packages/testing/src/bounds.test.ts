import { describe, expect, it } from 'vitest';
import { bf16DirectionBound, bf16Unit } from './bounds.js';
import { toBf16 } from './case.js';
import { Random } from './random.js';

const TRIALS = 4000;
const once = { roundings: 1, typical: 0, cancelled: 0 };

/** The share of random gradients and directions whose derivative, of what is received for the exact one, is past the bound. */
function past(values: number, received: (exact: number) => number): number {
  const random = new Random(values);
  let count = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const exact = random.normals(values, 3);
    const stored = exact.map(received);
    const direction = random.normals(values);
    const error = stored.reduce((sum, value, i) => sum + direction[i] * (value - exact[i]), 0);
    if (Math.abs(error) > bf16DirectionBound(stored, direction, once)) count++;
  }
  return count / TRIALS;
}

describe('the bound on a derivative of a gradient in bf16', () => {
  it.each([1, 2, 5, 35, 297])('holds for %d values rounded to the nearest', (values) => {
    expect(past(values, toBf16)).toBe(0);
  });

  it.each([35, 297])('notices %d values that are six units off', (values) => {
    const sixUnits = (x: number) => x + Math.sign(Math.sin(1e4 * x)) * 6 * bf16Unit(x);
    expect(past(values, sixUnits)).toBeGreaterThan(0.3);
  });

  it.each([
    ['a lost sign', (x: number) => -toBf16(x)],
    ['a lost factor of 3', (x: number) => toBf16(x / 3)],
    ['a lost factor of a half', (x: number) => toBf16(2 * x)],
  ])('%s passes less than one direction in 50', (_, received) => {
    expect(past(297, received)).toBeGreaterThan(0.98);
  });
});

it('a unit of bf16 is the distance of neighbours', () => {
  for (const x of [1, 1.5, 2, 3e38, 1e-38, 1e-40, -0.3]) {
    const stored = toBf16(x);
    expect(toBf16(stored + 0.51 * bf16Unit(stored))).not.toBe(stored);
    expect(toBf16(Math.abs(stored) + 0.49 * bf16Unit(stored))).toBe(Math.abs(stored));
  }
});
