import jstat from 'jstat';

const { studentt } = jstat;

export const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean over seeds, its 95% interval and its two-sided p against 0, by Student's t. @param values at least two, not all equal */
export function interval(values) {
  const middle = mean(values);
  const variance = values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1);
  const error = Math.sqrt(variance / values.length);
  const half = studentt.inv(0.975, values.length - 1) * error;
  const p = 2 * studentt.cdf(-Math.abs(middle / error), values.length - 1);
  return { mean: middle, low: middle - half, high: middle + half, p };
}

/** p-values of a table's rows as its number of rows asks for (Holm 1979), in their order. */
export function holm(ps) {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a] - ps[b]);
  const out = [];
  let least = 0;
  order.forEach((i, rank) => (out[i] = least = Math.max(least, Math.min(1, ps[i] * (ps.length - rank)))));
  return out;
}

/** Two values of each seed, the first less the second. */
export const lessOf = (a, b) => interval(a.map((x, i) => x - b[i]));

export const percent = (x) => `${(100 * x).toFixed(1)}%`;
export const signed = (x) => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(3)}`;
export const span = ({ mean, low, high }) => `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
export const plain = ({ mean, low, high }) => `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
/** What an interval of a difference says. */
export const holds = ({ low, high }) => (low > 0 ? 'holds' : high < 0 ? 'does not hold' : 'undecided');
