// Inputs that both sides make for themselves: random multiples of powers of two, so small that every product and sum is
// exact in float32. Any order of adding gives the same bits, so a product's checksums must be equal. The same in
// benchmarks/peers/onednn/product.h.
const SEEDS = { x: 1, w: 2, labels: 3 };
const SCALES = { x: 1 / 8, w: 1 / 128 };

function scrambled(i, seed) {
  let h = Math.imul(i + seed, 2654435761);
  h = Math.imul(h ^ (h >>> 15), 2246822519);
  return (h ^ (h >>> 13)) >>> 0;
}

/** @param which 'x' or 'w' */
export function exactValues(which, count) {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = SCALES[which] * ((scrambled(i, SEEDS[which]) % 17) - 8);
  return values;
}

export const exactLabels = (count, limit) =>
  Int32Array.from({ length: count }, (_, i) => scrambled(i, SEEDS.labels) % limit);

export const checksum = {
  linear: (y) => y.reduce((sum, value, i) => sum + value * (1 + (i % 31)), 0),
  linearLogprob: (logp) => logp.reduce((sum, value) => sum + value, 0),
};
