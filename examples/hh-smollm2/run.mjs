// SFT, DPO, RSO and SELF-JUDGE on SmolLM2-135M-Instruct with the same human preferences (HH-helpful), on a CPU:
//   node examples/hh-smollm2/run.mjs --data helpful.jsonl.gz [MORE.jsonl.gz] [--seeds 1 2 3] [--harmless harmless.jsonl.gz]
//     [--output runs/hh-smollm2] [--model MODEL] [--outside_model MODEL]
//   node examples/hh-smollm2/report.mjs runs/hh-smollm2 > docs/results/hh-smollm2.md
// One folder a seed. Stop and start again at will: what is done is not done again.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gemmaModel, realModel } from '../../scripts/realModel.mjs';
import { selfjudge, spread, stop, whole } from '../command.mjs';
import { bestOf } from './bestOf.mjs';
import { prepare } from './data.mjs';
import {
  BEST_OF,
  BEST_OF_PROMPTS,
  candidates,
  NEW_TOKENS,
  readRows,
  TOURNAMENTS,
  TRAININGS,
  writeRows,
} from './settings.mjs';

const USAGE = `usage: node examples/hh-smollm2/run.mjs --data HH.jsonl.gz [MORE ...] [--seeds 1 2 3] [--harmless HH.jsonl.gz]
  [--output FOLDER] [--model MODEL] [--outside_model MODEL]`;
const { values } = parseArgs({
  args: spread(process.argv.slice(2), ['--data', '--seeds']),
  options: {
    data: { type: 'string', multiple: true },
    seeds: { type: 'string', multiple: true, default: ['1'] },
    harmless: { type: 'string' },
    output: { type: 'string', default: 'runs/hh-smollm2' },
    model: { type: 'string' },
    outside_model: { type: 'string' },
  },
});
if (!values.data) stop(USAGE, 2);
const seeds = values.seeds.map(Number);
if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0) || new Set(seeds).size < seeds.length)
  stop(`--seeds: expected different whole numbers, received ${values.seeds.join(' ')}\n${USAGE}`, 2);
const weightsOf = (path, fetched) => {
  const { path: found, missing } = path === undefined ? fetched() : { path };
  return missing === undefined ? found : stop(missing);
};
const weights = weightsOf(values.model, realModel);
const outsideWeights = weightsOf(values.outside_model, gemmaModel);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const rows = await prepare(join(values.output, 'data'), values.data, values.harmless);
/** What a file of rows is, as every verb is told. */
const of = (name) => ['--dataset_name', rows[name], '--dataset_split', 'all', '--prompt_format', 'chat'];

const few = join(values.output, 'data', 'best-of.jsonl');
writeRows(few, readRows(rows.test).slice(0, BEST_OF_PROMPTS));

const outside = join(values.output, 'outside-judge');
train('reward', outsideWeights, 'outside-judge', outside, [...of('judge'), '--chat_template', 'gemma']);
for (const seed of seeds) await oneSeed(seed, join(values.output, `seed-${seed}`));

/** A run of a verb by the file of its name; a complete one says so and ends. */
function train(verb, model, config, output, more) {
  selfjudge(
    [verb, '-m', model, '--config', here(`${config}.yaml`), ...more, '--output_dir', output],
    'ignore',
  );
}

async function oneSeed(seed, folder) {
  const at = (...name) => join(folder, ...name);
  for (const name of ['answers', 'harmless']) mkdirSync(at(name), { recursive: true });
  const asked = [...of('train'), '--seed', String(seed)];
  train('sft', weights, 'sft', at('sft'), asked);
  train('jsft', weights, 'jsft', at('jsft'), asked);
  train('dpo', at('sft'), 'dpo', at('dpo'), asked);
  train('rso', at('sft'), 'rso', at('rso'), [...asked, '--judge', at('jsft')]);
  train('self-train', at('jsft'), 'self-train', at('self-train'), asked);

  TRAININGS.forEach((name, i) => {
    // Keys of their own: answers of two models by the same keys are not independent draws.
    const drawn = (more) => ['--seed', String(100 * seed + 10 * more + i)];
    answers(at(name), rows.test, at('answers', `${name}.jsonl`), drawn(0));
    if (rows.harmless) answers(at(name), rows.harmless, at('harmless', `${name}.jsonl`), drawn(0));
    if (TOURNAMENTS.includes(name)) {
      const more = ['--count', String(BEST_OF - 1)];
      answers(at(name), few, at('answers', `${name}.more.jsonl`), [...drawn(1), ...more]);
    }
  });
  for (const name of TOURNAMENTS)
    await whole(at('answers', `${name}.best.jsonl`), (to) =>
      bestOf({ judge: at('jsft'), entries: candidates(at(), name), seed, to }),
    );
  await whole(at('rewards.jsonl'), (to) => rewards(at(), to));
  await whole(at('agreement.json'), (to) =>
    selfjudge(
      ['evaluate', '-m', at('jsft'), '--outside_judge', outside, ...of('test'), '--out', to],
      'ignore',
    ),
  );
}

function answers(model, prompts, out, drawn) {
  if (existsSync(out)) return;
  const limits = ['--prompt_format', 'chat', '--max_new_tokens', String(NEW_TOKENS)];
  selfjudge(['generate', prompts, '-m', model, ...limits, ...drawn, '--out', out]);
}

/** What the outside judge gives every answer to every prompt, those of people too. */
function rewards(folder, to) {
  const pairs = new Map();
  const add = (prompt, completion) => pairs.set(JSON.stringify([prompt, completion]), { prompt, completion });
  for (const { prompt, chosen } of readRows(rows.test)) add(prompt, chosen);
  for (const name of TRAININGS)
    for (const { prompt, completion } of readRows(join(folder, 'answers', `${name}.jsonl`)))
      add(prompt, completion);
  for (const name of TOURNAMENTS)
    for (const { prompt, candidates: texts } of candidates(folder, name))
      for (const answer of texts) add(prompt, answer);
  const asked = join(folder, 'asked.jsonl');
  writeRows(asked, [...pairs.values()]);
  selfjudge(['score', asked, '-m', outside, '--reward', '--out', `${to}.out`]);
  const given = readRows(`${to}.out`);
  const list = [...pairs.values()];
  if (given.length !== list.length) stop(`${to}.out: expected ${list.length} rows, received ${given.length}`);
  writeRows(
    to,
    list.map((row, i) => ({ ...row, reward: given[i].reward })),
  );
}
