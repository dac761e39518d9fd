// Run by bench.mjs as two ranks: what an exchange of ours takes for each size, the median of the calls.
// node exchange.mjs ROUNDS BYTES...; rank 0 prints {seconds: {bytes: s}}.
import { ranksOfProcess } from '../../packages/engine/dist/internal.js';

const [rounds, ...sizes] = process.argv.slice(2).map(Number);
const ranks = ranksOfProcess();
const seconds = {};
for (const bytes of sizes) {
  const own = new Float32Array(bytes / 4).fill(ranks.rank);
  const times = [];
  for (let round = -2; round < rounds; round++) {
    ranks.gather(null);
    const start = performance.now();
    ranks.exchange(own, 1 - ranks.rank);
    if (round >= 0) times.push((performance.now() - start) / 1000);
  }
  seconds[bytes] = times.toSorted((a, b) => a - b)[times.length >> 1];
}
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify({ seconds })}\n`);
