import { philox } from './philox.js';

export interface OracleSampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  seed: bigint;
}

export interface OracleSample {
  token: number;
  /** Log-probability under the kept distribution. */
  samplingLogp: number;
  /** Distance of the draw, and of the filters' thresholds, from where the result would change, as a probability. */
  margin: number;
}

/** Draws one token from float64 logits: temperature, top-k, top-p, min-p, ties to the lower id. */
export function sample(
  logits: ArrayLike<number>,
  sequence: number,
  position: number,
  o: OracleSampling,
): OracleSample {
  const max = Math.max(...Array.from(logits));
  const weights = Array.from(logits, (logit) => Math.exp((logit - max) / o.temperature));
  const order = weights.map((_, id) => id).toSorted((a, b) => weights[b] - weights[a] || a - b);
  let kept = o.topK > 0 ? order.slice(0, o.topK) : order;
  let margin = 1;
  if (o.topP < 1) {
    const total = sumOf(kept, weights);
    let sum = 0;
    const count = kept.findIndex((id) => {
      sum += weights[id];
      margin = Math.min(margin, Math.abs(sum / total - o.topP));
      return sum >= o.topP * total;
    });
    kept = kept.slice(0, count + 1);
  }
  if (o.minP > 0) for (const id of kept) margin = Math.min(margin, Math.abs(weights[id] - o.minP));
  kept = kept.filter((id) => weights[id] >= o.minP).toSorted((a, b) => a - b);
  const words = philox([sequence, position, 0, 0], [Number(o.seed & 0xffff_ffffn), Number(o.seed >> 32n)]);
  const total = sumOf(kept, weights);
  const target = (words[1] + words[0] / 2 ** 32) / 2 ** 32;
  let sum = 0;
  for (const id of kept) {
    const below = sum;
    sum += weights[id] / total;
    if (sum > target) {
      margin = Math.min(margin, sum - target, below === 0 ? 1 : target - below);
      return { token: id, samplingLogp: Math.log(weights[id] / total), margin };
    }
  }
  return { token: kept[kept.length - 1], samplingLogp: 0, margin: 0 };
}

function sumOf(ids: number[], weights: number[]): number {
  return ids.reduce((sum, id) => sum + weights[id], 0);
}
