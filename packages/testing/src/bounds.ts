/** Bounds on what results and gradients may be off by, from how many roundings they have behind them. */
import type { OpCase } from './case.js';

/** Bound on an error of float32: relative to the result or the tensor's typical size, plus the largest intermediate's. */
export function float32Bound({ tolerance = 1e-5, magnitude = 0 }: Partial<OpCase>, size: number): number {
  return tolerance * size + 4 * 2 ** -24 * magnitude;
}

/** Distance of neighbouring bf16 values of this size: 8 bits of significand. */
export const bf16Unit = (size: number): number =>
  size === 0 ? 0 : 2 ** Math.max(Math.floor(Math.log2(Math.abs(size))) - 7, -133);

/**
 * Root of the mean square of one rounding to the nearest bf16, relative to the value: a rounding's error is uniform over a
 * unit, of variance unit^2 / 12, and over values whose logarithms are spread evenly, unit / value has a mean square of
 * 2^-14 times the integral of 1 / (m^3 ln 2) over m from 1 to 2, which is 3 / (8 ln 2).
 */
const RELATIVE = 2 ** -7 * Math.sqrt(3 / (8 * Math.LN2) / 12);

/**
 * A sum of independent errors, each uniform about 0, is past z times its standard deviation with a probability of at most
 * 2 exp(-z^2 / 2): uniform errors are sub-Gaussian of their own variance. With 5.8 that is 1e-7, and as no case has more than
 * ten sums (two directions, five inputs), a case fails in error less than once in 1e6.
 */
const QUANTILE = 5.8;

/**
 * What rounding to bf16 may move the derivative along `direction` by, the sum of direction[i] gradient[i]. The last rounding,
 * of the gradient as it is stored, has a known unit in each element: the quantile of its sum, or all halves of units
 * together where that is less (few elements; of one element this is exact). `roundings` - 1 before it, and all of
 * them on terms of size `cancelled` that cancel in an element, are as large as their mean square says, each element being no
 * smaller than the typical one, as products mix them.
 *
 * Of a gradient of many elements and one rounding it is 1% of the norm of direction[i] gradient[i], which is the
 * standard deviation of the derivative itself over directions. A lost sign, or a lost factor of 3, is then within the bound
 * in one direction of 240, in both in one case of 57,000; bounds.test.ts counts it.
 */
export function bf16DirectionBound(
  gradient: ArrayLike<number>,
  direction: ArrayLike<number>,
  { roundings, typical, cancelled }: { roundings: number; typical: number; cancelled: number },
): number {
  let [variance, halves, sizes, directions] = [0, 0, 0, 0];
  for (let i = 0; i < gradient.length; i++) {
    const unit = direction[i] * bf16Unit(gradient[i]);
    variance += unit ** 2 / 12;
    halves += Math.abs(unit) / 2;
    sizes += (direction[i] * Math.max(Math.abs(gradient[i]), typical)) ** 2;
    directions += direction[i] ** 2;
  }
  const before = Math.sqrt((roundings - 1) * sizes + roundings * directions * cancelled ** 2);
  return Math.min(QUANTILE * Math.sqrt(variance), halves) + QUANTILE * RELATIVE * before;
}
