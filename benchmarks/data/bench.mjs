// Reading a million rows of Parquet as training does, beside Python's datasets: each row is read, looked at (two answers to
// one prompt, unequal, none empty) and put into its split by the hash of its first question. Both sides must count the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { progress, pythonPackages, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { writeRows } from './rows.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function run({ rounds, python, rows, beside }) {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-bench-data-'));
  try {
    const file = join(folder, 'rows.parquet');
    const bytes = await writeRows(file, rows);
    const packages = beside ? {} : pythonPackages(python, ['datasets', 'pyarrow']);
    if (packages === undefined)
      process.stderr.write(`${python} has no datasets (benchmarks/peers/requirements.txt)\n`);
    const sides = ours('data', [], beside);
    if (!beside && packages) sides.push(new Contender('datasets', python, [here('../peers/data_rows.py')]));
    const [mine, peer] = await interleave(sides, { file, folder }, { rounds, onRound: progress });
    await Promise.all(sides.map((side) => side.close()));
    if (peer !== undefined) assertEqual(mine[0].counts, peer[0].counts);
    const base = { name: 'data', shape: { rows, mib: Math.round(bytes / 2 ** 20) } };
    const of = (metric, unit, value) =>
      result({
        ...base,
        metric,
        unit,
        ours: mine.map(value),
        ...(peer && { peer: peer.map(value), peerName: beside?.name ?? `datasets ${packages.datasets}` }),
      });
    return {
      versions: packages ?? {},
      results: [of('time', 's', ({ seconds }) => seconds), of('peak memory', 'MB', ({ peak }) => peak / 1e6)],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function assertEqual(ours, theirs) {
  const [a, b] = [ours, theirs].map((counts) => JSON.stringify(Object.entries(counts).sort()));
  if (a !== b) throw new Error(`counts: expected those of datasets, ${b}, received ${a}`);
}
