import type { Command } from 'commander';
import { ConfigError } from '@selfjudge/base';
import {
  compareEvaluations,
  policyResultAt,
  type EvaluationComparison,
} from '../inference/compareEvaluations.js';
import { compareJudges, judgeResultAt, type JudgeComparison } from '../inference/compareJudges.js';
import { figuresJson } from './figuresJson.js';
import { filePath } from './output.js';
import { interval, table } from './table.js';

export function addCompareVerb(program: Command): void {
  program
    .command('compare <a> <b>')
    .summary('two models, prompt by prompt, or two judges, pair by pair')
    .description(
      'Which of two models answers better: what evaluate --baseline wrote with --out of each, compared prompt by prompt. ' +
        'Both were evaluated against the same baseline with the same seed, or are folders of evaluate policy against one file. Or which of two judges is right more often: the ' +
        'folders that evaluate judge wrote of each with --output_dir, compared on the pairs that both were asked about.\n\n' +
        'Intervals are 95%, of the difference itself.',
    )
    .option('--json', 'print the result as JSON')
    .action((a: string, b: string, flags: { json?: boolean }) => {
      const paths: [string, string] = [filePath('a', a), filePath('b', b)];
      const [judgeA, judgeB] = paths.map(judgeResultAt);
      if ((judgeA === undefined) !== (judgeB === undefined))
        throw new ConfigError({
          key: judgeA === undefined ? 'a' : 'b',
          expected: 'what evaluate judge wrote, as the other is: a judge is compared with a judge',
          received: judgeA === undefined ? a : b,
        });
      if (judgeA !== undefined && judgeB !== undefined) {
        const result = compareJudges([judgeA, judgeB]);
        process.stdout.write(`${flags.json ? figuresJson(result) : describedJudges(result)}\n`);
        return;
      }
      const result = compareEvaluations(paths.map(policyResultAt) as [string, string]);
      process.stdout.write(`${flags.json ? figuresJson(result) : described(result)}\n`);
    });
}

const NAMES = { outsideJudge: 'wins, outside judge', ownJudge: 'wins, training judge (no evidence)' };

function described({ prompts, others, winRates, length }: EvaluationComparison): string {
  const rows = (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((judge) => {
    const rate = winRates[judge];
    return rate === undefined
      ? []
      : [
          [
            NAMES[judge],
            rate.a.toFixed(3),
            rate.b.toFixed(3),
            interval(rate.difference),
            String(rate.difference.n),
          ],
        ];
  });
  rows.push([
    'characters',
    length.a.toFixed(0),
    length.b.toFixed(0),
    interval(length.difference, 1),
    String(prompts),
  ]);
  return `${table(['', 'A', 'B', 'A - B [95%]', 'n'], rows)}\n${prompts} prompts that both have${leftOut(others)}`;
}

function describedJudges({ judges, pairs, others, accuracy, mcnemar, agreement }: JudgeComparison): string {
  const { a, b, difference } = accuracy;
  const row = ['accuracy', a.toFixed(3), b.toFixed(3), interval(difference), String(difference.n)];
  return [
    `A: ${judges[0]}\nB: ${judges[1]}`,
    table(['', 'A', 'B', 'A - B [95%]', 'n'], [row]),
    `only A is right on ${mcnemar.first} pairs, only B on ${mcnemar.second}: p = ${mcnemar.p.toPrecision(3)} (McNemar, exact)`,
    `the two agree with a kappa of ${interval(agreement, 2)}`,
    `${pairs} pairs that both have${leftOut(others)}`,
  ].join('\n');
}

const leftOut = ({ a, b }: { a: number; b: number }): string =>
  a + b === 0 ? '' : `; left out: ${a} of A alone, ${b} of B alone`;
