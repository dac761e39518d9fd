// Judges of SmolLM2-135M-Instruct, taught and asked in many ways, row by row into docs/results/judges-smollm2/rows.json:
//   node examples/judges-smollm2/run.mjs --data FOLDER [--seeds 1 2 3] [--only CELL ...] [--output runs/judges-smollm2]
//     [--model MODEL] [--outside_model MODEL]
//   node examples/judges-smollm2/report.mjs
// FOLDER holds the public files that FILES names. A row that is on file is not made again; stop and start again at will.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gemmaModel, realModel } from '../../scripts/realModel.mjs';
import { selfjudge, spread, stop } from '../command.mjs';
import { keep, linesOf } from '../hh-smollm2/data.mjs';
import { readRows } from '../hh-smollm2/settings.mjs';
import { prepare } from './data.mjs';
import { makeRow, rowsOf, words } from './row.mjs';
import { committedRows, digest } from './rows.mjs';
import { ANSWERED, CELLS, LOOP, OUTSIDE, SETS } from './settings.mjs';

const FILES = {
  helpful: 'hh/helpful.train.jsonl.gz',
  harmless: 'hh/harmless.train.jsonl.gz',
  pandalm: 'judge/pandalm_human999.jsonl.gz',
  reasons: 'judge/pandalm_gpt35_rationale.jsonl.gz',
  ultra: 'ultrafeedback/train1000.jsonl.gz',
  flips: 'ultrafeedback/label_flip_20.flips.jsonl',
};
const USAGE =
  'usage: node examples/judges-smollm2/run.mjs --data FOLDER [--seeds 1 2 3] [--only CELL ...] [--output FOLDER] [--model MODEL] [--outside_model MODEL]';
const { values } = parseArgs({
  args: spread(process.argv.slice(2), ['--seeds', '--only']),
  options: {
    data: { type: 'string' },
    seeds: { type: 'string', multiple: true, default: ['1', '2', '3'] },
    only: { type: 'string', multiple: true },
    output: { type: 'string', default: 'runs/judges-smollm2' },
    model: { type: 'string' },
    outside_model: { type: 'string' },
  },
});
if (!values.data) stop(USAGE, 2);
const seeds = values.seeds.map(Number);
const known = [...new Set(CELLS.flatMap((cell) => cell.seeds))];
if (!seeds.every((seed) => known.includes(seed)))
  stop(`--seeds: expected some of ${known.join(' ')}, received ${values.seeds.join(' ')}\n${USAGE}`, 2);
const unknown = (values.only ?? []).find((name) => !CELLS.some((cell) => cell.name === name));
if (unknown !== undefined)
  stop(
    `--only: expected some of\n${CELLS.map(({ name }) => `  ${name}`).join('\n')}\nreceived ${unknown}`,
    2,
  );
const weightsOf = (path, fetched) => {
  const { path: found, missing } = path === undefined ? fetched() : { path };
  return missing === undefined ? found : stop(missing);
};
const weights = weightsOf(values.model, realModel);
const outsideWeights = weightsOf(values.outside_model, gemmaModel);

const given = Object.fromEntries(
  Object.entries(FILES).map(([name, file]) => [name, join(values.data, file)]),
);
const data = await prepare(join(values.output, 'data'), given);
for (const set of Object.keys(SETS)) {
  const prompts = [...new Set(readRows(data[`${set}.test`]).map(({ prompt }) => JSON.stringify(prompt)))];
  data[`${set}.prompts`] = join(values.output, 'data', `${set}.prompts.jsonl`);
  keep(
    data[`${set}.prompts`],
    linesOf(prompts.slice(0, ANSWERED).map((prompt) => ({ prompt: JSON.parse(prompt) }))),
  );
}
const committed = committedRows({
  model: digest(readFileSync(weights), readFileSync(outsideWeights)),
  data: digest(...Object.values(data).map((path) => readFileSync(path))),
});
const path = committed.kernelPath();

const outside = join(values.output, 'outside-judge');
const taught = Object.keys(SETS).flatMap((set) => data[`${set}.outside`] ?? []);
mkdirSync(values.output, { recursive: true });
selfjudge(
  [
    'reward',
    '-m',
    outsideWeights,
    ...rowsOf(...taught),
    ...words(LOOP),
    ...words(OUTSIDE),
    '--output_dir',
    outside,
  ],
  'ignore',
);

const rows = seeds.flatMap((seed) =>
  CELLS.filter((cell) => cell.seeds.includes(seed) && (values.only?.includes(cell.name) ?? true)).map(
    (cell) => ({
      cell,
      seed,
    }),
  ),
);
for (const [i, { cell, seed }] of rows.entries()) {
  const { name, options } = cell;
  if (committed.has(name, seed)) continue;
  process.stderr.write(`\nrow ${i + 1} of ${rows.length}: ${name}, seed ${seed}\n`);
  const started = performance.now();
  const result = await makeRow(cell, seed, { weights, outside, data, root: values.output });
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(`row ${i + 1} of ${rows.length}: ${seconds} s\n`);
  committed.keep(path, { cell: name, seed, options, seconds, result });
}
