// Self-training in rounds: each begins with what the one before ended with, which is its start, its reference and its judge.
//   node examples/hh-smollm2/rounds.mjs --start runs/hh-smollm2/seed-1/jsft --data helpful.train.jsonl.gz [--rounds 3]
//     [--judge previous | first | retrained --labels MORE.jsonl] [--output runs/hh-smollm2-rounds] [-- FLAGS OF EVERY COMMAND]
// After each round it prints how often the judge is right on held-out pairs of the data. `first` keeps the judge of the
// start; `retrained` teaches the result of each round to judge again, from the labels of another file, and has that judge the
// next one. Stop and start again at will: what is done is not done again.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { selfjudge, stop } from '../command.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values, positionals: flags } = parseArgs({
  options: {
    start: { type: 'string' },
    data: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    judge: { type: 'string', default: 'previous' },
    labels: { type: 'string' },
    output: { type: 'string', default: 'runs/hh-smollm2-rounds' },
    config: { type: 'string', default: here('self-train.yaml') },
    'jsft-config': { type: 'string', default: here('jsft.yaml') },
  },
  allowPositionals: true,
});
const { start, data, judge: mode, labels, output } = values;
const rounds = Number(values.rounds);
const wrong =
  (!start && '--start is missing: a model that judges, such as a run of jsft') ||
  (!data && '--data is missing: pairs, whose prompts are trained on and whose split test is held out') ||
  (!(Number.isInteger(rounds) && rounds > 0) &&
    `--rounds: expected a whole number above 0, received ${values.rounds}`) ||
  (!['previous', 'first', 'retrained'].includes(mode) &&
    `--judge: expected previous, first or retrained, received ${mode}`) ||
  (mode === 'retrained' && !labels && '--labels is missing: the pairs that --judge retrained learns from') ||
  (mode !== 'retrained' && labels && `--labels: expected none with --judge ${mode}, received ${labels}`) ||
  (labels && !existsSync(labels) && `--labels: expected a file, received ${labels}`);
if (wrong) stop(wrong, 2);
mkdirSync(output, { recursive: true });
const out = (name) => join(output, name);

/** A command with the flags of all of them. */
const run = (args, stdout) => selfjudge([...args, ...flags], stdout);

/** Prints how often a model is right as a judge, and keeps it. */
const table = [];
function measure(round, what, model) {
  const asked = ['evaluate', '-m', model, '--dataset_name', data, '--dataset_split', 'test', '--json'];
  const { accuracy, ties, errors } = JSON.parse(run(asked, 'pipe')).judge;
  const { value, low, high, n } = accuracy;
  table.push({ round, what, model, accuracy, ties, errors });
  writeFileSync(
    out('rounds.json'),
    `${JSON.stringify({ judge: mode, start, data, labels, table }, undefined, 2)}\n`,
  );
  const head = `round ${round}  ${what.padEnd(15)}`;
  // Figures that nothing was measured for are absent.
  if (value === undefined)
    process.stdout.write(`${head} has no verdict on any of ${errors} held-out pairs\n`);
  else {
    const [share, from, to] = [value, low, high].map((x) => x.toFixed(3));
    process.stdout.write(`${head} judges ${share} [${from}, ${to}] of ${n} held-out pairs right\n`);
  }
}

measure(0, 'start', start);
let policy = start;
/** Who judges the next round, where it is not its start. */
let judge;
for (let round = 1; round <= rounds; round++) {
  const result = out(`round-${round}`);
  const begin = (from, config) => ['-m', from, '--config', config, '--seed', String(round)];
  // Each round has a seed of its own: by the same one it would draw much the same answers as the round before.
  const asked = ['--dataset_name', data, '--output_dir', result];
  const by = judge === undefined ? [] : ['--judge', judge];
  run(['self-train', ...begin(policy, values.config), ...asked, ...by]);
  measure(round, 'policy', result);
  policy = result;
  if (mode === 'first') judge = start;
  if (mode === 'retrained' && round < rounds) {
    judge = out(`judge-${round}`);
    const taught = ['--dataset_name', labels, '--output_dir', judge];
    run(['jsft', ...begin(policy, values['jsft-config']), ...taught]);
    measure(round, 'retrained judge', judge);
  }
}
