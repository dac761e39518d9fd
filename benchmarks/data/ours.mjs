// Reading and preparing of ours, served line by line: the same work as benchmarks/peers/data_rows.py.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  dataFileParts,
  prepareFolder,
  splitOf,
  toPreferencePair,
} from '../../packages/data/dist/internal.js';
import { serve, timed } from '../compare.mjs';

async function read({ file }) {
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
}

async function prepare({ file, against, folder }) {
  const place = mkdtempSync(join(folder, 'prepared-'));
  try {
    const { lineage } = await prepareFolder(join(place, 'rows'), {
      files: [{ path: file }],
      against: [{ path: against }],
      version: 'bench',
      options: {
        promptFormat: 'standard',
        seed: 0,
        ngram: 13,
        dedup: true,
        conflicts: 'drop',
        near: 0,
        split: { train: 0.6, self: 0.2, dev: 0.05, test: 0.15 },
      },
    });
    const files = Object.entries(lineage.files).map(([name, { rows }]) => [name.replace('.jsonl', ''), rows]);
    return { ...lineage.left_out, ...Object.fromEntries(files) };
  } finally {
    rmSync(place, { recursive: true });
  }
}

await serve(async (work) => {
  const before = process.cpuUsage();
  const { seconds, value: counts } = await timed(() => (work.part === 'read' ? read(work) : prepare(work)));
  const { user, system } = process.cpuUsage(before);
  return { seconds, counts, cpu: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024 };
});
