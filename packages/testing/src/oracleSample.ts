import { philox } from './philox.js';

export interface OracleSampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  seed: bigint;
}

/** What is sampled from: ids ascending, and the probability of each. */
export interface OracleDistribution {
  ids: number[];
  probabilities: Float64Array;
  /** Distance of the filters' thresholds from where other ids would be kept, as a probability. */
  margin: number;
}

export interface OracleSample {
  token: number;
  /** Log-probability under the kept distribution. */
  samplingLogp: number;
  /** Distance of the draw, and of the filters' thresholds, from where the result would change, as a probability. */
  margin: number;
}

/** Temperature, top-k, top-p, min-p on float64 logits, ties to the lower id; temperature 0 keeps the first maximum. */
export function samplingDistribution(
  logits: ArrayLike<number>,
  { temperature, topK, topP, minP }: Omit<OracleSampling, 'seed'>,
): OracleDistribution {
  const max = Array.from(logits).reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(logits, (logit) =>
    logit === max ? 1 : temperature === 0 ? 0 : Math.exp((logit - max) / temperature),
  );
  const order = Array.from(weights, (_, id) => id).toSorted((a, b) => weights[b] - weights[a] || a - b);
  let kept = order;
  let margin = 1;
  const cut = (count: number): void => {
    // Equal weights are told apart by their ids; weights that differ by less than rounding may change places.
    const gap = count < kept.length ? weights[kept[count - 1]] - weights[kept[count]] : 0;
    if (gap > 0) margin = Math.min(margin, gap / weights[kept[count - 1]]);
    kept = kept.slice(0, count);
  };
  if (topK > 0) cut(topK);
  if (temperature === 0) cut(1);
  if (topP < 1) {
    const total = sumOf(kept, weights);
    let sum = 0;
    const last = kept.findIndex((id) => {
      sum += weights[id];
      margin = Math.min(margin, Math.abs(sum / total - topP));
      return sum >= topP * total;
    });
    cut(last + 1);
  }
  if (minP > 0) for (const id of kept) margin = Math.min(margin, Math.abs(weights[id] - minP));
  const ids = kept.filter((id) => weights[id] >= minP).toSorted((a, b) => a - b);
  const total = sumOf(ids, weights);
  return { ids, probabilities: Float64Array.from(ids, (id) => weights[id] / total), margin };
}

/** The first id whose running sum exceeds the 64 bits that Philox gives for (seed, sequence, position). */
export function drawFrom(
  { ids, probabilities, margin }: OracleDistribution,
  sequence: number,
  position: number,
  seed: bigint,
): OracleSample {
  const words = philox([sequence, position, 0, 0], [Number(seed & 0xffff_ffffn), Number(seed >> 32n)]);
  const target = (words[1] + words[0] / 2 ** 32) / 2 ** 32;
  let sum = 0;
  for (const [i, p] of probabilities.entries()) {
    const below = sum;
    sum += p;
    if (sum > target) {
      const edge = Math.min(sum - target, below === 0 ? 1 : target - below);
      return { token: ids[i], samplingLogp: Math.log(p), margin: Math.min(margin, edge) };
    }
  }
  return { token: ids[ids.length - 1], samplingLogp: 0, margin: 0 };
}

/** Draws one token from float64 logits. */
export function sample(
  logits: ArrayLike<number>,
  sequence: number,
  position: number,
  o: OracleSampling,
): OracleSample {
  return drawFrom(samplingDistribution(logits, o), sequence, position, o.seed);
}

function sumOf(ids: number[], weights: ArrayLike<number>): number {
  return ids.reduce((sum, id) => sum + weights[id], 0);
}
