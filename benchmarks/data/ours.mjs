// Reading of ours, served line by line: the same work as benchmarks/peers/data_rows.py.
import { dataFileParts, splitOf, toPreferencePair } from '../../packages/data/dist/internal.js';
import { serve, timed } from '../compare.mjs';

await serve(async ({ file }) => {
  const { seconds, value: counts } = await timed(async () => {
    const counts = {};
    const count = (what) => (counts[what] = (counts[what] ?? 0) + 1);
    for await (const { rows, issues } of dataFileParts(file)) {
      issues.forEach(() => count('broken'));
      for (const { line, value } of rows) {
        const { value: pair, problem } = toPreferencePair(value, String(line));
        count(problem === undefined ? splitOf(pair.prompt) : problem.code);
      }
    }
    return counts;
  });
  return { seconds, counts, peak: process.resourceUsage().maxRSS * 1024 };
});
