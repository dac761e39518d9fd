// A million rows of Parquet beside Python's datasets, read and prepared. `read`, as training does it: each row is looked at (two
// answers to one prompt, unequal, none empty) and put into its split by the hash of its first question. `prepare`: that, without
// rows that share 13 words in a row with a named set and rows that say what another says, written as JSONL, a file a split.
// Both sides must count the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { progress, pythonPackages, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { writeRows } from './rows.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function run({ rounds, python, rows, from, beside }) {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-bench-data-'));
  try {
    const [file, against] = [join(folder, 'rows.parquet'), join(folder, 'against.jsonl')];
    const bytes = await writeRows({ file, against, rows, from });
    const packages = beside ? {} : pythonPackages(python, ['datasets', 'pyarrow']);
    if (packages === undefined)
      process.stderr.write(`${python} has no datasets (benchmarks/peers/requirements.txt)\n`);
    const shape = { rows, mib: Math.round(bytes / 2 ** 20), text: from === undefined ? 'drawn' : 'given' };
    const results = [];
    for (const part of ['read', 'prepare']) {
      // A process a part: the peak of memory is that of the process.
      const sides = ours('data', [], beside);
      if (!beside && packages) sides.push(new Contender('datasets', python, [here('../peers/data_rows.py')]));
      const work = { part, file, against, folder };
      const [mine, peer] = await interleave(sides, work, { warmup: 0, rounds, onRound: progress });
      await Promise.all(sides.map((side) => side.close()));
      if (peer !== undefined) assertEqual(part, mine[0].counts, peer[0].counts);
      const of = (metric, unit, value) =>
        result({
          name: 'data',
          shape: { part, ...shape },
          metric,
          unit,
          ours: mine.map(value),
          ...(peer && { peer: peer.map(value), peerName: beside?.name ?? `datasets ${packages.datasets}` }),
        });
      results.push(
        of('time', 's', ({ seconds }) => seconds),
        // What other programs on the machine do not lengthen.
        of('processor time', 's', ({ cpu }) => cpu),
        of('peak memory', 'MB', ({ peak }) => peak / 1e6),
      );
    }
    return { versions: packages ?? {}, results };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function assertEqual(part, ours, theirs) {
  const [a, b] = [ours, theirs].map((counts) => JSON.stringify(Object.entries(counts).sort()));
  if (a !== b) throw new Error(`counts of ${part}: expected those of datasets, ${b}, received ${a}`);
}
