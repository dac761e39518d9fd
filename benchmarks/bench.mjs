// pnpm bench [NAME] [--json FILE] [--check] [--device cuda]: runs one bench or all, prints the ratios, writes the results,
// compares them with the committed ones.
// Every result: {name, shape, metric, unit, ours, peer, peer_name, ratio, spread}; ratio > 1 when ours is better.
// Without a peer, ours alone.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { committedResults, compareWithCommitted, ratioOf } from './check.mjs';
import { machine, shapeText } from './harness.mjs';

const BENCHES = {
  'self-judge-step': './self-judge-step/bench.mjs',
  ops: './ops/bench.mjs',
  gemm: './kernels/gemm.mjs',
  head: './kernels/head.mjs',
  attention: './kernels/attention.mjs',
  generate: './generate/bench.mjs',
  judge: './judge/bench.mjs',
  decode: './decode/bench.mjs',
  scaling: './scaling/bench.mjs',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    check: { type: 'boolean' },
    rounds: { type: 'string', default: '3' },
    op: { type: 'string' },
    prompts: { type: 'string' },
    tokens: { type: 'string', default: '128' },
    pairs: { type: 'string', default: '64' },
    part: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    model: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    help: { type: 'boolean', short: 'h' },
  },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (values.help || unknown.length) {
  process.stderr
    .write(`${unknown.map((name) => `no bench '${name}'\n`).join('')}usage: pnpm bench [NAME] [--json FILE] [--check]
  NAME       ${Object.keys(BENCHES).join(', ')} (default: all)
  --json     write machine, versions and results
  --check    compare with benchmarks/results of the same kind of machine; exit 1 when a ratio fell by more than its spread
  --rounds   measured rounds, 3 by default
  --op       one op of the bench ops, by the name of its wrapper
  --prompts  JSONL file of {prompt} rows for self-judge-step and generate (default: eight of our own)
  --tokens   tokens of each answer for generate and judge, 128 by default
  --pairs    pairs for judge, 64 by default and at most
  --part     one part of scaling: prefill, decode, judge or forward
  --device   cpu (default), cuda or cuda:N, for both sides
  --model    model folder or GGUF for self-judge-step, generate, judge and decode (default: the real weights of pnpm test:real)
  --python   interpreter with benchmarks/peers/requirements.txt installed
`);
  process.exit(values.help ? 0 : 2);
}

const [load] = loadavg();
if (load > cpus().length / 2)
  process.stderr.write(`a load of ${load.toFixed(1)} on ${cpus().length} cores: ratios mean little\n`);

const results = [];
const versions = {};
const checked = { fallen: [], held: [], fresh: [] };
for (const bench of positionals.length ? positionals : Object.keys(BENCHES)) {
  const { run } = await import(BENCHES[bench]);
  const outcome = { versions: {}, results: [], ...(await run({ ...values, rounds: Number(values.rounds) })) };
  if (outcome.skipped) process.stdout.write(`skipped  ${bench}: ${outcome.skipped}\n`);
  Object.assign(versions, outcome.versions);
  const measured = outcome.results.map((result) => ({ ...result, device: values.device }));
  results.push(...measured);
  for (const result of measured) {
    const against =
      result.peer === undefined
        ? 'no peer'
        : `${result.peer_name} ${result.peer.toPrecision(4)} ${result.unit}  ratio ${result.ratio.toFixed(2)}`;
    process.stdout.write(
      `${label(result)}  ours ${result.ours.toPrecision(4)} ${result.unit}  ${against}  spread ${result.spread.toFixed(2)}\n`,
    );
  }
  if (values.check) {
    const now = { bench, machine: machine(), versions: outcome.versions, results: measured };
    const found = compareWithCommitted(now, committedResults());
    for (const kind of Object.keys(checked)) checked[kind].push(...found[kind]);
  }
}
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ machine: machine(), versions, results }, null, 2)}\n`);
if (values.check) {
  for (const { now } of checked.fresh)
    process.stdout.write(`new   ${label(now)}  ratio ${ratioOf(now).toFixed(2)}\n`);
  for (const { now, before, spread, file } of checked.fallen) {
    process.stdout.write(
      `fell  ${label(now)}  ratio ${ratioOf(before).toFixed(2)} to ${ratioOf(now).toFixed(2)}, spread ${spread.toFixed(2)} (${file})\n`,
    );
  }
  const { fallen, held, fresh } = checked;
  process.stdout.write(`${fallen.length} fell, ${held.length} held, ${fresh.length} new\n`);
  if (fallen.length) process.exitCode = 1;
}

function label({ name, shape, metric }) {
  return [name, shapeText(shape), metric].filter(Boolean).join('  ');
}
