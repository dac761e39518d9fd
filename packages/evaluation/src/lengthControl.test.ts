import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { lengthControlled, type Outcome } from './lengthControl.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Outcomes with the very probabilities of the model, so that the fit has one right answer. */
function outcomes(n: number, advantage: number, slope: number, drift: number): Outcome[] {
  const random = new Random(9);
  const differences = Array.from({ length: n }, () => Math.round(drift + 200 * random.normal()));
  const center = differences.reduce((a, b) => a + b, 0) / n;
  const deviation = Math.sqrt(differences.reduce((a, d) => a + (d - center) ** 2, 0) / n);
  return differences.map((d) => ({
    points: sigmoid(advantage + slope * Math.tanh(d / deviation)),
    lengthA: 1000 + d,
    lengthB: 1000,
  }));
}

describe('lengthControlled', () => {
  it('takes away what length alone wins', () => {
    const data = outcomes(4000, 0, 2, 150);
    const raw = data.reduce((sum, { points }) => sum + points, 0) / data.length;
    expect(raw).toBeGreaterThan(0.65);
    const { value, low, high } = lengthControlled(data);
    expect(value).toBeCloseTo(0.5, 2);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
  });

  it('keeps an advantage that is not length', () => {
    expect(lengthControlled(outcomes(4000, 0.8, 1, 150)).value).toBeCloseTo(sigmoid(0.8), 2);
  });

  it('is the plain rate where lengths are equal', () => {
    const data = [1, 1, 1, 0, 0.5, 1, 0, 1, 1, 1].map((points) => ({ points, lengthA: 5, lengthB: 5 }));
    const { value, low, high } = lengthControlled(data);
    expect(value).toBeCloseTo(0.75, 3);
    // The interval of a logit: 1 / sqrt(n p (1 - p)) wide.
    expect(Math.log(high / (1 - high)) - Math.log(low / (1 - low))).toBeCloseTo(
      (2 * 1.96) / Math.sqrt(10 * 0.1875),
      2,
    );
  });

  it('is the mirror image when the systems change places', () => {
    const data = outcomes(50, 0.4, 1, 30);
    const mirrored = data.map(({ points, lengthA, lengthB }) => ({
      points: 1 - points,
      lengthA: lengthB,
      lengthB: lengthA,
    }));
    expect(lengthControlled(mirrored).value).toBeCloseTo(1 - lengthControlled(data).value, 12);
  });

  it('stays finite where the longer answer or the first always wins', () => {
    const longer = outcomes(50, 0, 1, 0).map((o) => ({ ...o, points: Number(o.lengthA > o.lengthB) }));
    const value = lengthControlled(longer).value;
    expect(value).toBeGreaterThan(0.3);
    expect(value).toBeLessThan(0.7);
    const all = lengthControlled(longer.map((o) => ({ ...o, points: 1 })));
    expect(all.value).toBeGreaterThan(0.95);
    expect(all.high).toBeLessThanOrEqual(1);
    expect(lengthControlled([]).value).toBeNaN();
  });
});
