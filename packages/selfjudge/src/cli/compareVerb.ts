import type { Command } from 'commander';
import { compareEvaluations, type EvaluationComparison } from '../inference/compareEvaluations.js';
import { filePath } from './output.js';
import { interval, table } from './table.js';

export function addCompareVerb(program: Command): void {
  program
    .command('compare <a> <b>')
    .summary('two evaluations against one baseline, prompt by prompt')
    .description(
      'Which of two models answers better: what evaluate --baseline wrote with --out of each, compared prompt by prompt.\n\n' +
        'Both were evaluated against the same baseline with the same seed. Intervals are 95%, of the difference itself.',
    )
    .option('--json', 'print the result as JSON')
    .action((a: string, b: string, flags: { json?: boolean }) => {
      const result = compareEvaluations([filePath('a', a), filePath('b', b)]);
      process.stdout.write(`${flags.json ? JSON.stringify(result) : described(result)}\n`);
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
  const left = others.a + others.b === 0 ? '' : `; left out: ${others.a} of A alone, ${others.b} of B alone`;
  return `${table(['', 'A', 'B', 'A - B [95%]', 'n'], rows)}\n${prompts} prompts that both have${left}`;
}
