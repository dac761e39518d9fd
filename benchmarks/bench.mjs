// pnpm bench [NAME] [--json FILE] [--check | --against FILE | --beside DIR]: runs one bench or all, prints the ratios, writes
// the results, compares them with earlier ones; or measures another checkout of this project in turns with this one.
// Every result: {name, shape, metric, unit, ours, peer, peer_name, ratio, spread, rounds}; ratio > 1 when ours is better.
// Without a peer, ours alone.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { verdict, verdictLine } from './beside.mjs';
import { checkLines, committedResults, compareWithCommitted, label } from './check.mjs';
import { machine } from './harness.mjs';
import { BENCHES, USAGE, readOptions } from './options.mjs';
import { UsageError } from './usage.mjs';

/** 3: what was skipped, or not measured, has not passed. */
const EXIT = { passed: 0, worse: 1, usage: 2, unknown: 3 };

function line(result, beside) {
  const { unit, ours, peer, peer_name, ratio, spread, ours_gbs, ours_tflops } = result;
  const rate = [
    ours_gbs && `${ours_gbs.toPrecision(3)} GB/s`,
    ours_tflops && `${(1e3 * ours_tflops).toPrecision(3)} GFLOP/s`,
  ];
  const against =
    peer === undefined
      ? 'no peer'
      : `${peer_name} ${peer.toPrecision(4)} ${unit}  ratio ${ratio.toFixed(beside ? 3 : 2)}`;
  const size =
    unit === '1' ? `${ours.toPrecision(3)} of ${result.ceiling ?? 1}` : `${ours.toPrecision(4)} ${unit}`;
  return [
    label(result),
    `ours ${[size, ...rate].filter(Boolean).join(', ')}`,
    ...(unit === '1' ? [] : [against]),
    `spread ${spread.toFixed(2)}`,
    ...(beside ? [verdict(result)] : []),
  ].join('  ');
}

async function main() {
  const { help, benches, json, check, options } = await readOptions(process.argv.slice(2));
  if (help) return process.stdout.write(USAGE) && EXIT.passed;
  const { beside, device } = options;
  const [load] = loadavg();
  if (load > cpus().length / 2)
    process.stderr.write(`a load of ${load.toFixed(1)} on ${cpus().length} cores: ratios mean little\n`);

  const results = [];
  const versions = {};
  const checked = {};
  let skipped = false;
  for (const bench of benches) {
    const { run } = await import(BENCHES[bench]);
    const outcome = { versions: {}, results: [], ...(await run(options)) };
    for (const reason of [outcome.skipped ?? []].flat()) {
      skipped = true;
      process.stdout.write(`skipped  ${bench}: ${reason}\n`);
    }
    Object.assign(versions, outcome.versions);
    const measured = outcome.results.map((result) => ({ ...result, device }));
    results.push(...measured);
    for (const result of measured) process.stdout.write(`${line(result, beside)}\n`);
    if (check) {
      const now = { bench, machine: machine(), versions: outcome.versions, results: measured };
      const found = compareWithCommitted(now, check === 'committed' ? committedResults() : [check]);
      for (const [kind, list] of Object.entries(found)) (checked[kind] ??= []).push(...list);
    }
  }
  const about = { machine: machine(), versions, beside: beside?.checkouts };
  if (json) writeFileSync(json, `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  if (beside) {
    process.stdout.write(`${verdictLine(results, beside)}\n`);
    const said = results.map(verdict);
    if (said.some((one) => one === 'slower' || one === 'larger')) return EXIT.worse;
    return skipped || said.length === 0 || said.includes('not measured') ? EXIT.unknown : EXIT.passed;
  }
  if (!check) return skipped ? EXIT.unknown : EXIT.passed;
  process.stdout.write(`${checkLines(checked).join('\n')}\n`);
  const { fallen, held, unmeasured } = checked;
  if (fallen.length > 0) return EXIT.worse;
  return skipped || unmeasured.length > 0 || held.length === 0 ? EXIT.unknown : EXIT.passed;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT.usage;
}
