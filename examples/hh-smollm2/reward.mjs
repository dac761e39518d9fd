// A reward model and a judge taught on the same pairs of people, on the pairs of others, three seeds:
//   node examples/hh-smollm2/reward.mjs --data helpful.train.jsonl.gz [--output runs/reward]
// Both see each pair once, with the same adapter; the judge also imitates the better answers, as JSFT does. Accuracy is of
// the same held-out pairs (split test). Stop and start again at will; the report goes to the standard output.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wilson } from '../../packages/evaluation/dist/index.js';
import { realModel } from '../../scripts/realModel.mjs';
import { selfjudge, stop } from '../command.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    output: { type: 'string', default: 'runs/reward' },
  },
});
if (!values.data)
  stop('usage: node examples/hh-smollm2/reward.mjs --data HH.jsonl.gz [--output FOLDER] [--model MODEL]', 2);
const weights = values.model ? { path: values.model } : realModel();
if (weights.missing) stop(weights.missing);
mkdirSync(values.output, { recursive: true });
const SEEDS = [1, 2, 3];
// 512 pairs each once: as jsft.yaml, which was chosen for the judge on the dev split, and nothing for the reward model.
const data = ['--dataset_name', values.data, '--prompt_format', 'chat', '--max_length', '256'];
const loop =
  '--dataset_split train --max_steps 32 --learning_rate 5e-4 --warmup_ratio 0.1 --lora_dropout 0 --save_steps 10';
const methods = {
  jsft: '--train_batch_size 4 --judge_batch_size 16',
  reward: '--train_batch_size 16',
};

const results = [];
for (const seed of SEEDS) {
  for (const [method, own] of Object.entries(methods)) {
    const run = join(values.output, `${method}-${seed}`);
    const evaluation = `${run}.json`;
    if (!existsSync(evaluation)) {
      const flags = `${loop} ${own}`.split(' ');
      selfjudge(
        [method, '-m', weights.path, ...data, ...flags, '--seed', String(seed), '--output_dir', run],
        'ignore',
      );
      // The base stands in as the model; who is asked is the outside judge.
      const judge = ['-m', weights.path, '--outside_judge', run];
      selfjudge(['evaluate', ...judge, ...data, '--dataset_split', 'test', '--out', evaluation], 'ignore');
    }
    const { outsideJudge, judge: base } = JSON.parse(readFileSync(evaluation, 'utf8'));
    results.push({ seed, method, ...outsideJudge, base: base.accuracy });
  }
}

const percent = ({ value, low, high }) =>
  `${(100 * value).toFixed(1)}% (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
const row = (...cells) => `| ${cells.join(' | ')} |`;
const lines = results.map(({ seed, method, accuracy, longerChosen, shorterChosen }) =>
  row(method, seed, percent(accuracy), accuracy.n, percent(longerChosen), percent(shorterChosen)),
);
// The seeds are asked about the same pairs: they do not make more of them.
const pooled = (method, key) => {
  const own = results.filter((result) => result.method === method).map((result) => result[key]);
  const n = own.reduce((sum, rate) => sum + rate.n, 0) / own.length;
  return wilson((own.reduce((sum, { value }) => sum + value, 0) / own.length) * n, n);
};
const means = Object.keys(methods).map((method) => {
  const [accuracy, longer, shorter] = ['accuracy', 'longerChosen', 'shorterChosen'].map((key) =>
    pooled(method, key),
  );
  return row(
    method,
    `mean of ${SEEDS.length}`,
    percent(accuracy),
    accuracy.n,
    percent(longer),
    percent(shorter),
  );
});
const [{ base, alwaysLonger }] = results;
process.stdout.write(
  `${[
    row('judge', 'seed', 'accuracy (95%)', 'pairs', 'where the longer is better', 'where the shorter is'),
    row('-', '-', '-', '-', '-', '-'),
    ...lines,
    ...means,
    row('the model as it is', '', percent(base), base.n, '', ''),
    row('always the longer answer', '', percent(alwaysLonger), alwaysLonger.n, '', ''),
  ].join('\n')}\n`,
);
