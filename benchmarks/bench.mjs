// pnpm bench [NAME] [--json FILE] [--device cuda]: runs one bench or all, prints the ratios, writes the results.
// Every result: {name, shape, metric, unit, ours, peer, peer_name, ratio, spread}; ratio > 1 when ours is better.
// Without a peer, ours alone.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './harness.mjs';

const BENCHES = { 'self-judge-step': './self-judge-step/bench.mjs', ops: './ops/bench.mjs' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    op: { type: 'string' },
    prompts: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    model: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    help: { type: 'boolean', short: 'h' },
  },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (values.help || unknown.length) {
  process.stderr
    .write(`${unknown.map((name) => `no bench '${name}'\n`).join('')}usage: pnpm bench [NAME] [--json FILE]
  NAME       ${Object.keys(BENCHES).join(', ')} (default: all)
  --json     write machine, versions and results
  --rounds   measured rounds, 3 by default
  --op       one op of the bench ops, by the name of its wrapper
  --prompts  JSONL file of {prompt} rows for self-judge-step (default: eight of our own)
  --device   cpu (default), cuda or cuda:N, for both sides
  --model    model folder or GGUF for self-judge-step (default: the real weights of pnpm test:real)
  --python   interpreter with benchmarks/peers/requirements.txt installed
`);
  process.exit(values.help ? 0 : 2);
}

const results = [];
const versions = {};
for (const name of positionals.length ? positionals : Object.keys(BENCHES)) {
  const { run } = await import(BENCHES[name]);
  const outcome = await run({ ...values, rounds: Number(values.rounds) });
  if (outcome.skipped) {
    process.stdout.write(`skipped  ${name}: ${outcome.skipped}\n`);
    continue;
  }
  Object.assign(versions, outcome.versions);
  for (const result of outcome.results) {
    results.push({ ...result, device: values.device });
    const against =
      result.peer === undefined
        ? 'no peer'
        : `${result.peer_name} ${result.peer.toPrecision(4)} ${result.unit}  ratio ${result.ratio.toFixed(2)}`;
    process.stdout.write(
      `${result.name}  ${result.metric}  ours ${result.ours.toPrecision(4)} ${result.unit}  ${against}  spread ${result.spread.toFixed(2)}\n`,
    );
  }
}
if (values.json)
  writeFileSync(values.json, `${JSON.stringify({ machine: machine(), versions, results }, null, 2)}\n`);
