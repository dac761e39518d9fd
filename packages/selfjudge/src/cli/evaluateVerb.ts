import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Estimate, JudgeAgreement, WinRate } from '@selfjudge/evaluation';
import { evaluate, type EvaluateOptions, type Evaluation } from '../pipelines/evaluate.js';
import { interruptible } from './exit.js';
import { Progress } from './progress.js';
import { interval, table } from './table.js';

const number = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number');
  return value;
};

interface Flags {
  model: string;
  dataset_name: string[];
  dataset_split: EvaluateOptions['datasetSplit'];
  dataset_limit: number;
  baseline?: string;
  outside_judge?: string;
  template: string;
  max_new_tokens: number;
  max_length: number;
  temperature: number;
  top_p: number;
  beta: number;
  seed: number;
  dtype: 'float32' | 'bf16';
  device: 'auto' | 'cpu' | 'cuda';
  out?: string;
  json?: boolean;
}

export function addEvaluateVerb(program: Command): void {
  program
    .command('evaluate')
    .description('judge agreement on held-out human pairs; with --baseline also win rates and implicit reward')
    .requiredOption('-m, --model <path>', 'the model to evaluate')
    .requiredOption('--dataset_name <files...>', 'preference pairs (JSONL)')
    .addOption(
      new Option('--dataset_split <split>', 'part of the data, by hash of the first user turn')
        .choices(['train', 'self', 'dev', 'test', 'all'])
        .default('test'),
    )
    .option('--dataset_limit <n>', 'pairs at most; 0 for all', number, 0)
    .option('--baseline <path>', 'what the model was trained from')
    .option('--outside_judge <path>', 'a judge the model was not trained on')
    .option('--template <name>', 'judge template', 'auto')
    .option('--max_new_tokens <n>', 'tokens of an answer at most', number, 128)
    .option('--max_length <n>', 'pairs with more tokens are left out and counted', number, 1024)
    .option('--temperature <t>', 'of the answers', number, 1)
    .option('--top_p <p>', 'of the answers', number, 0.9)
    .option('--beta <b>', 'scale of the implicit reward', number, 0.1)
    .option('--seed <n>', 'keys the answers', number, 0)
    .addOption(new Option('--dtype <dtype>', 'storage').choices(['float32', 'bf16']).default('bf16'))
    .addOption(new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'cuda']).default('auto'))
    .option('--out <file>', 'write everything, samples too, as JSON')
    .option('--json', 'print the result as JSON on stdout')
    .action((flags: Flags) =>
      interruptible(async () => {
        const progress = new Progress('answers', 'answers');
        const result = await evaluate(
          {
            ...flags,
            datasetName: flags.dataset_name,
            datasetSplit: flags.dataset_split,
            datasetLimit: flags.dataset_limit,
            outsideJudge: flags.outside_judge,
            maxNewTokens: flags.max_new_tokens,
            maxLength: flags.max_length,
            topP: flags.top_p,
          },
          {
            onPhase: (name) => process.stderr.write(`${name}\n`),
            onWarning: (message) => process.stderr.write(`warning: ${message}\n`),
            onProgress: (done, total) => progress.update(done, total),
          },
        );
        progress.finish();
        if (flags.out !== undefined) writeFileSync(flags.out, `${JSON.stringify(result, null, 2)}\n`);
        process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${describeEvaluation(result)}\n`);
      }),
    );
}

const NUMBERS = ['', 'value [95%]', 'n'];
const row = (name: string, estimate: Estimate) => [name, interval(estimate), String(estimate.n)];

/** The evaluation as a person reads it. */
export function describeEvaluation({ judge, outsideJudge, winRate, implicitReward }: Evaluation): string {
  const parts = [agreement('Agreement with people', judge)];
  if (outsideJudge !== undefined) parts.push(agreement('Outside judge: agreement with people', outsideJudge));
  if (winRate?.outsideJudge !== undefined) parts.push(wins('Win rate against the baseline, outside judge', winRate.outsideJudge));
  if (winRate !== undefined)
    parts.push(wins('Win rate against the baseline, training judge (optimised against: no evidence)', winRate.ownJudge));
  if (implicitReward !== undefined)
    parts.push(
      `Implicit reward on human pairs\n${table(NUMBERS, [row('accuracy', implicitReward.accuracy)])}\n` +
        `margin ${implicitReward.margin.toFixed(4)}`,
    );
  return parts.join('\n\n');
}

function agreement(title: string, a: JudgeAgreement): string {
  const rows = [
    row('accuracy', a.accuracy),
    row('  chosen is longer', a.longerChosen),
    row('  chosen is shorter', a.shorterChosen),
    row('always the longer', a.alwaysLonger),
  ];
  return `${title}\n${table(NUMBERS, rows)}\nties ${a.ties}, no verdict ${a.errors}`;
}

function wins(title: string, w: WinRate): string {
  const rows = [
    row('win rate', w.rate),
    row('length-controlled', w.lengthControlled),
    row('always the longer', w.alwaysLonger),
  ];
  return (
    `${title}\n${table(NUMBERS, rows)}\n` +
    `${w.wins} wins, ${w.losses} losses, ${w.ties} ties, ${w.errors} without verdict; ` +
    `mean length ${w.meanLength.a.toFixed(0)} against ${w.meanLength.b.toFixed(0)} characters`
  );
}
