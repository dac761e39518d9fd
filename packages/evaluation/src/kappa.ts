import { Z, type Estimate } from './estimate.js';

/**
 * Cohen's kappa: how far two agree beyond what they would by chance, 1 for always, 0 for no more than by chance. With
 * a 95% interval from the large-sample variance of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969), as
 * statsmodels' `cohens_kappa` has it.
 *
 * @param said what one and the other say of each thing, in any words.
 * @returns NaN where nothing was said, or both always say the same one word: chance explains all of it then.
 */
export function cohenKappa(said: readonly (readonly [one: string, other: string])[]): Estimate {
  const n = said.length;
  const words = [...new Set(said.flat())].sort();
  const share = (of: (pair: readonly [string, string]) => boolean) => said.filter(of).length / n;
  const cells = words.map((x) => words.map((y) => share(([one, other]) => one === x && other === y)));
  const one = words.map((x) => share(([word]) => word === x));
  const other = words.map((y) => share(([, word]) => word === y));
  const sum = (of: (i: number) => number) => words.reduce((total, _, i) => total + of(i), 0);
  const chance = sum((i) => one[i] * other[i]);
  if (n === 0 || chance === 1) return { value: NaN, low: NaN, high: NaN, n };
  const value = (sum((i) => cells[i][i]) - chance) / (1 - chance);
  const rest = 1 - value;
  const agreed = sum((i) => cells[i][i] * (1 - (one[i] + other[i]) * rest) ** 2);
  const apart = sum((i) => sum((j) => (i === j ? 0 : cells[i][j] * (other[i] + one[j]) ** 2)));
  const variance = (agreed + rest ** 2 * apart - (value - chance * rest) ** 2) / (n * (1 - chance) ** 2);
  // Rounding may leave a variance of nothing below it.
  const half = Z * Math.sqrt(Math.max(0, variance));
  return { value, low: Math.max(-1, value - half), high: Math.min(1, value + half), n };
}
