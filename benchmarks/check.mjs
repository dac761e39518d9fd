// Results against earlier ones, the committed or those of a file: what has become slower beside its peer.
import { readFileSync, readdirSync } from 'node:fs';
import { shapeText } from './harness.mjs';
import { UsageError } from './usage.mjs';

const RESULTS = new URL('results/', import.meta.url);
/** A ratio whose spread is this or more is not measured: neither held nor fallen. */
const NOT_MEASURED = 0.3;

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

/** What --json wrote, of one bench or several, for --against. */
export function readResults(file) {
  const refuse = (received) => {
    throw new UsageError(`--against ${file}: ${received}`);
  };
  let written;
  try {
    written = JSON.parse(readFileSync(file, 'utf8'));
  } catch ({ code, message }) {
    refuse(code ? message : `expected results written by --json, received ${message}`);
  }
  if (!Array.isArray(written?.results) || !written.machine || !written.versions)
    refuse('expected results written by --json: machine, versions and results');
  if (written.beside) refuse('expected ratios to a peer, received those measured beside another checkout');
  return { file, ...written };
}

const keyOf = ({ name, shape, metric, device, peer_name }) =>
  // Two peers may do the same work. A peer is its name's first word: the rest are its version and its way to do it.
  JSON.stringify([name, shape, metric, device, peer_name?.split(/[\s,]/)[0]]);

/** What is compared of a result: its ratio to the peer, or to a ceiling of the machine (unit 1). Of others nothing. */
export const ratioOf = ({ ratio, unit, ours }) => ratio ?? (unit === '1' ? ours : undefined);

/**
 * What sets two runs apart beside our code: hardware, kernels and peers, whose ratios say nothing about each other. What
 * one side alone names is not asked: it had no such peer, or is older than the name.
 */
function differencesOf(before, now) {
  const facts = ({ machine: { cpu, cpu_model, cores }, versions }) => ({
    cpu,
    cpu_model,
    cores,
    ...versions,
  });
  const [then, here] = [before, now].map(facts);
  return Object.keys(then)
    .filter((name) => then[name] !== undefined && here[name] !== undefined && then[name] !== here[name])
    .map((name) => `${name} ${then[name]}, here ${here[name]}`);
}

const steady = (result) =>
  Number.isFinite(ratioOf(result)) && result.rounds !== 1 && result.spread < NOT_MEASURED;

/**
 * Of one bench's `{ bench, machine, versions, results }` beside earlier files (one without `bench` is of any): `fallen`
 * ratios, below the earlier one by more than the larger of both spreads; `held` ones; `unmeasured` ones, where either
 * spread is too wide or of one round; `elsewhere`, measured before only on another machine or with other versions;
 * and `fresh` ones, without any counterpart. Results that are no ratios are not compared.
 */
export function compareWithCommitted(measured, committed) {
  const found = { fallen: [], held: [], unmeasured: [], fresh: [], elsewhere: [] };
  const files = committed
    .filter(({ bench }) => bench === undefined || bench === measured.bench)
    .map((one) => ({ ...one, differences: differencesOf(one, measured) }))
    .sort((a, b) => a.differences.length - b.differences.length);
  for (const now of measured.results.filter((result) => ratioOf(result) !== undefined)) {
    const isCounterpart = (one) => keyOf(one) === keyOf(now) && ratioOf(one) !== undefined;
    const from = files.find(({ results }) => results.some(isCounterpart));
    if (from === undefined) {
      found.fresh.push({ now });
      continue;
    }
    const { file, differences } = from;
    const before = from.results.find(isCounterpart);
    if (differences.length > 0) {
      found.elsewhere.push({ now, before, file, differences });
      continue;
    }
    const spread = Math.max(now.spread, before.spread);
    const fell = ratioOf(now) < ratioOf(before) * (1 - spread);
    const kind = steady(now) && steady(before) ? (fell ? 'fallen' : 'held') : 'unmeasured';
    found[kind].push({ now, before, file, spread });
  }
  return found;
}

export const label = ({ name, shape, metric }) => [name, shapeText(shape), metric].filter(Boolean).join('  ');

/** A line for each result that did not hold, and the count of each kind. */
export function checkLines({ fallen, held, unmeasured, fresh, elsewhere }) {
  const line = (kind, now, rest) => `${kind.padEnd(12)}  ${label(now)}  ratio ${rest}`;
  const moved =
    (kind) =>
    ({ now, before, spread, file }) => {
      const [then, here] = [before, now].map((one) => ratioOf(one).toFixed(2));
      return line(kind, now, `${then} to ${here}, spread ${spread.toFixed(2)} (${file})`);
    };
  return [
    ...fallen.map(moved('fell')),
    ...unmeasured.map(moved('not measured')),
    ...fresh.map(({ now }) => line('new', now, ratioOf(now).toFixed(2))),
    ...elsewhere.map(({ now, file, differences }) =>
      line('not compared', now, `${ratioOf(now).toFixed(2)} (${file}: ${differences.join('; ')})`),
    ),
    `${fallen.length} fell, ${held.length} held, ${unmeasured.length} not measured, ${fresh.length} new, ` +
      `${elsewhere.length} measured before on another CPU or with other versions`,
  ];
}
