// One row: a judge is taught, asked, attacked, and answers. What is done is not done again.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { selfjudge, whole } from '../command.mjs';
import { readRows, writeRows } from '../hh-smollm2/settings.mjs';
import { keep, linesOf } from '../hh-smollm2/data.mjs';
import { labelled } from './data.mjs';
import { figuresOf } from './figures.mjs';
import { ATTACKED, JSFT, LOOP, NEW_TOKENS } from './settings.mjs';

/** Flags that stand in a line as they are typed. */
export const words = (line) => line.split(' ');
export const rowsOf = (...paths) => [
  '--dataset_name',
  ...paths,
  '--dataset_split',
  'all',
  '--prompt_format',
  'chat',
];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @param cell of settings.mjs
 * @param at.weights the model as it is, `outside` the outside judge, `data` the files by name, `root` where the row is made
 * @returns the result of the row
 */
export async function makeRow({ options, isAttacked = false }, seed, at) {
  const { set, method, template } = options;
  const folder = join(at.root, slugOf(options), `seed-${seed}`);
  const out = (name) => join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (method !== 'none') teach(options, seed, { ...at, folder });
  const judge = method === 'none' ? at.weights : out('run');
  const asked = [
    ...words('--prompt_format chat --calibration none -m'),
    judge,
    ...(method === 'none' ? ['--judge_template', template] : []),
  ];
  const test = at.data[`${set}.test`];
  await whole(out('trust.json'), (to) =>
    ask(['evaluate', 'judge', test, ...asked, '--output_dir', out('trust'), '--json'], to),
  );
  if (isAttacked)
    await whole(out('attacks.json'), (to) =>
      ask(['evaluate', 'injection', test, ...asked, '--dataset_limit', String(ATTACKED), '--json'], to),
    );
  if (method === 'none')
    await whole(out('outside.json'), (to) =>
      ask(['evaluate', 'judge', test, '-m', at.outside, '--prompt_format', 'chat', '--json'], to),
    );
  else if (method === 'jsft') {
    await answers(join(at.root, `${set}.answers.jsonl`), at.weights, 1000, at.data[`${set}.prompts`]);
    await answers(out('answers.jsonl'), judge, seed, at.data[`${set}.prompts`]);
    await whole(out('rewards.jsonl'), (to) =>
      rewards([out('answers.jsonl'), join(at.root, `${set}.answers.jsonl`)], at.outside, to),
    );
  }
  return figuresOf(folder, test, { lengths: options.lengths, seed });
}

/** A command whose JSON is kept. */
function ask(args, to) {
  writeRows(to, [JSON.parse(selfjudge(args, 'pipe'))]);
}

function teach({ set, method, template, labels, lengths }, seed, { weights, data, folder }) {
  const train = join(folder, 'train.jsonl');
  keep(train, linesOf(labelled(readRows(data[`${set}.train`]), labels, seed)));
  const own =
    method === 'jsft'
      ? [...words(JSFT), '--judge_template', template.endsWith('.yaml') ? here(template) : template]
      : [];
  const asked = [...rowsOf(train), ...words(LOOP), ...own, '--pair_lengths', lengths, '--seed', String(seed)];
  selfjudge([method, '-m', weights, ...asked, '--output_dir', join(folder, 'run')], 'ignore');
}

async function answers(to, model, seed, prompts) {
  if (existsSync(to)) return;
  const limits = ['--prompt_format', 'chat', '--max_new_tokens', String(NEW_TOKENS)];
  selfjudge(['generate', prompts, '-m', model, ...limits, '--seed', String(seed), '--out', to]);
}

/** What the outside judge gives each answer of both files. */
function rewards(files, outside, to) {
  const [rows, others] = files.map((file) => readRows(file));
  writeRows(
    `${to}.asked`,
    [...rows, ...others].map(({ prompt, completion }) => ({ prompt, completion })),
  );
  selfjudge([
    'score',
    `${to}.asked`,
    '-m',
    outside,
    '--reward',
    '--prompt_format',
    'chat',
    '--out',
    `${to}.out`,
  ]);
  const given = readRows(`${to}.out`).map(({ reward }) => reward);
  writeRows(
    to,
    rows.map(({ completion, finish }, i) => ({
      completion,
      finish,
      reward: given[i],
      other: others[i].completion,
      otherReward: given[rows.length + i],
    })),
  );
}

/** A folder's name of what decides a row. */
const slugOf = (options) =>
  Object.values(options)
    .join('-')
    .replaceAll(/[^\w.-]+/g, '_');
