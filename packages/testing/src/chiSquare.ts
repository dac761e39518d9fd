/** Pearson's test that counts come from given probabilities. */
export interface ChiSquare {
  statistic: number;
  degrees: number;
  /** The probability of a statistic at least as large when they do. */
  p: number;
}

/** The least expected count of a bin for which the statistic is close to its limit (Cochran, 1954). */
const LEAST = 5;

/**
 * Outcomes expected at least 5 times are bins of their own; the others, likeliest first, are pooled into bins that are.
 * An outcome of probability 0 that was drawn makes the statistic infinite.
 */
export function chiSquare(counts: ArrayLike<number>, probabilities: ArrayLike<number>): ChiSquare {
  const outcomes = Array.from(probabilities, (probability, i) => ({ probability, count: counts[i] }));
  if (outcomes.some(({ probability, count }) => probability === 0 && count > 0)) {
    return { statistic: Infinity, degrees: outcomes.length - 1, p: 0 };
  }
  const draws = outcomes.reduce((sum, { count }) => sum + count, 0);
  const bins: { expected: number; count: number }[] = [];
  for (const { probability, count } of outcomes.toSorted((a, b) => b.probability - a.probability)) {
    const last = bins[bins.length - 1];
    if (last === undefined || last.expected >= LEAST) bins.push({ expected: probability * draws, count });
    else {
      last.expected += probability * draws;
      last.count += count;
    }
  }
  const rest = bins[bins.length - 1];
  if (bins.length > 1 && rest.expected < LEAST) {
    bins.pop();
    bins[bins.length - 1].expected += rest.expected;
    bins[bins.length - 1].count += rest.count;
  }
  const statistic = bins.reduce((sum, { expected, count }) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = bins.length - 1;
  return { statistic, degrees, p: degrees === 0 ? 1 : upperGamma(degrees / 2, statistic / 2) };
}

/**
 * The regularised upper incomplete gamma function Q(a, x), a > 0, x >= 0: by the series of P under a + 1, else by the
 * continued fraction of Q (DLMF 8.11.4 and 8.9.2) in Lentz's form.
 */
export function upperGamma(a: number, x: number): number {
  if (x === 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-16; n++) sum += term *= x / (a + n);
    return 1 - front * sum;
  }
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1, step = 0; Math.abs(step - 1) > 1e-15 && n < 100_000; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    step = c * d;
    fraction *= step;
  }
  return front * fraction;
}

/** log Gamma(a) by Stirling's series, after moving a above 12 by the recurrence. */
function logGamma(a: number): number {
  let product = 1;
  for (; a < 12; a++) product *= a;
  const r = 1 / a ** 2;
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / a;
  return (a - 0.5) * Math.log(a) - a + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}
