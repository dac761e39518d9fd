/** Who of two is right on the same things, and how likely so uneven a split would be if both were right equally often. */
export interface McNemar {
  both: number;
  /** Only the first, and only the second. */
  first: number;
  second: number;
  neither: number;
  /** Two-sided and exact; 1 where they never differ. */
  p: number;
}

/**
 * The test of McNemar (Psychometrika 12, 1947) in its exact form: of the things on which one of two is right and the other is
 * not, as many should be the first's as the second's.
 *
 * @param right of each thing, whether the first and whether the second is right.
 */
export function mcnemar(right: readonly (readonly [first: boolean, second: boolean])[]): McNemar {
  const count = (first: boolean, second: boolean) =>
    right.filter(([x, y]) => x === first && y === second).length;
  const [first, second] = [count(true, false), count(false, true)];
  const p = Math.min(1, 2 * lowerTail(Math.min(first, second), first + second));
  return { both: count(true, true), first, second, neither: count(false, false), p };
}

/** P(X <= k) of n throws of a fair coin, in logarithms: 0.5^n is nothing where n is a thousand and more. */
function lowerTail(k: number, n: number): number {
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return sum;
}
