// Results against the committed ones: what has become slower beside its peer.
import { readFileSync, readdirSync } from 'node:fs';

const RESULTS = new URL('results/', import.meta.url);

/** Every committed file, MACHINE.BENCH.json: `{ file, bench, machine, versions, results }`. */
export function committedResults(folder = RESULTS) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({
      file,
      bench: file.split('.').at(-2),
      ...JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
    }));
}

// Ratios of other hardware or other kernels say nothing about these.
const sameKind = (a, b) =>
  a.bench === b.bench &&
  a.machine.cpu === b.machine.cpu &&
  a.machine.cores === b.machine.cores &&
  a.versions.path === b.versions.path;
const keyOf = ({ name, shape, metric, device }) => JSON.stringify([name, shape, metric, device]);

/** What is compared of a result: its ratio to the peer, or to a ceiling of the machine (unit 1). Of others nothing. */
export const ratioOf = ({ ratio, unit, ours }) => ratio ?? (unit === '1' ? ours : undefined);

/**
 * Of one bench's `{ bench, machine, versions, results }`: `fallen` ratios, below the committed one by more than the larger
 * of both spreads, `held` ones, and `fresh` results with no committed counterpart. Results that are no ratios are not
 * compared.
 */
export function compareWithCommitted(measured, committed) {
  const known = new Map(
    committed
      .filter((file) => sameKind(file, measured))
      .flatMap(({ file, results }) => results.map((result) => [keyOf(result), { file, result }])),
  );
  const found = { fallen: [], held: [], fresh: [] };
  for (const now of measured.results.filter((result) => ratioOf(result) !== undefined)) {
    const { file, result: before } = known.get(keyOf(now)) ?? {};
    if (before === undefined || ratioOf(before) === undefined) {
      found.fresh.push({ now });
      continue;
    }
    const spread = Math.max(now.spread, before.spread);
    found[ratioOf(now) < ratioOf(before) * (1 - spread) ? 'fallen' : 'held'].push({
      now,
      before,
      file,
      spread,
    });
  }
  return found;
}
