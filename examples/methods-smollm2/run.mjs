// A short real run of every method on answers (SELF-JUDGE, RSO, ReST, RAFT, a reward model and PPO by it and by the judge): what it
// costs, and which learning rate suits PPO. It begins with what examples/hh-smollm2/run.mjs left:
//   node examples/methods-smollm2/run.mjs --hh runs/hh-smollm2 [--seed 1] [--output runs/methods-smollm2]
//   node examples/methods-smollm2/report.mjs runs/methods-smollm2
// Stop and start again at will.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { selfjudge, stop, whole } from '../command.mjs';
import { readRows, writeRows } from '../hh-smollm2/settings.mjs';
import { ANSWERS, METHODS, PPO_RATES, PPO_STEPS, PROMPTS, STEPS } from './settings.mjs';

const { values } = parseArgs({
  options: {
    hh: { type: 'string', default: 'runs/hh-smollm2' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string', default: 'runs/methods-smollm2' },
  },
});
const begun = (name) => {
  const path = join(values.hh, name);
  if (!existsSync(path))
    stop(`${path} is not there: run examples/hh-smollm2/run.mjs first, or name its folder by --hh`);
  return path;
};
const [sft, jsft] = ['sft', 'jsft'].map((name) => begun(join(`seed-${values.seed}`, name)));
const outside = begun('outside-judge');
const data = (name) => begun(join('data', `${name}.jsonl`));
const out = (name) => join(values.output, name);
mkdirSync(values.output, { recursive: true });

const reward = out('reward-model');
const models = { sft, jsft, reward };
/** Flags that stand in a line as they are typed. */
const words = (line) => line.split(' ');
const common = words(
  `--dataset_split all --prompt_format chat --seed ${values.seed} --token_budget 4096 --train_batch_size 16`,
);
const on = (model) => ['-m', model, '--dataset_name', data('train')];

const taught = words('--max_length 320 --max_steps 28 --learning_rate 5e-4 --warmup_ratio 0.1');
for (const { name, verb, start, judge, flags } of METHODS) {
  if (judge === 'reward') await train('reward-model', ['reward', ...on(sft), ...common, ...taught]);
  const by = judge === undefined ? [] : ['--judge', models[judge]];
  const few = words(`--dataset_limit ${PROMPTS} --max_steps ${STEPS}`);
  await train(name, [verb, ...on(models[start]), ...common, ...few, ...words(flags), ...by]);
}
for (const rate of PPO_RATES) {
  const loop = words(`${ANSWERS} --max_steps ${PPO_STEPS} --learning_rate ${rate} --judge`);
  await train(`ppo-${rate}`, ['ppo', ...on(sft), ...common, ...loop, reward]);
}
for (const [name, model] of [['sft', sft], ...PPO_RATES.map((rate) => [`ppo-${rate}`, out(`ppo-${rate}`)])])
  await whole(out(`${name}.dev.jsonl`), (to) => score(model, to));

/** A run, and the most memory that it took; of one that is complete both are there. */
async function train(name, args) {
  const peak = out(`${name}.peak`);
  const env = { NODE_OPTIONS: `--import ${new URL('peak.mjs', import.meta.url).href}` };
  await whole(peak, (to) =>
    selfjudge([...args, '--output_dir', out(name)], 'ignore', { ...env, PEAK_FILE: to }),
  );
}

/** Two answers to every dev prompt, with what the reward model and the outside judge give them. */
function score(model, to) {
  const drawn = ['--count', '2', '--max_new_tokens', '128', '--prompt_format', 'chat', '--seed', '7'];
  selfjudge(['generate', data('dev'), '-m', model, ...drawn, '--out', `${to}.answers`]);
  const rows = readRows(`${to}.answers`).flatMap(({ prompt, completions, finishes }, i) =>
    completions.map((completion, k) => ({ prompt, completion, finish: finishes[k], of: i })),
  );
  writeRows(`${to}.asked`, rows);
  const given = [reward, outside].map((judge, i) => {
    selfjudge(['score', `${to}.asked`, '-m', judge, '--reward', '--out', `${to}.${i}`]);
    return readRows(`${to}.${i}`).map((row) => row.reward);
  });
  writeRows(
    to,
    rows.map((row, i) => ({ ...row, reward: given[0][i], outside: given[1][i] })),
  );
}
