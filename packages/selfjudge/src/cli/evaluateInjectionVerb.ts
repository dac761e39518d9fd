import { join } from 'node:path';
import { atomicWriteSync } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import type { Command } from 'commander';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import {
  injectedRows,
  injectionEvaluation,
  type InjectedRow,
  type InjectionEvaluation,
} from '../inference/injectedRows.js';
import { readTrustRows } from '../inference/trustRows.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { rowShape } from '../rows/rowShape.js';
import { judgeName } from './namedJudges.js';
import { figuresJson } from './figuresJson.js';
import { judgeToFolder } from './judgedFolder.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';
import { interval, table } from './table.js';

const RESULT = 'injection.json';
type Options = VerbOptions<'evaluate injection'> & { json?: boolean };

export function addEvaluateInjectionVerb(evaluate: Command): void {
  const command = evaluate
    .command('injection <files...>')
    .summary('how often words in the worse answer make a judge name it')
    .description(
      'How often a judge is talked out of its verdict: of labelled pairs on which it is right, the worse answer gets an attack of each ' +
        'of eight kinds (a fake verdict, fake delimiters, special tokens, orders to the judge, authority, praise, a fake rationale, ' +
        'padding), and a text that is no attack, which shows what any addition turns. Ten verdicts a pair. Run it before and after training.',
    );
  addModelFlags(command, 'evaluate injection')
    .option('--json', 'print the result as JSON on stdout')
    .action((files: string[]) =>
      evaluateInjection(
        files.map((file) => filePath('file', file)),
        optionsOf(MODEL_VERBS['evaluate injection'], command),
      ),
    );
}

async function evaluateInjection(files: string[], options: Options): Promise<void> {
  assertTemplate(options.judgeTemplate);
  const { outputDir: folder, json, datasetLimit } = options;
  const shape = rowShape(options.datasetShape);
  let rows: InjectedRow[] = [];
  await judgeToFolder(
    {
      files,
      read: async (paths, promptFormat) => {
        rows = injectedRows(await readTrustRows(paths, { promptFormat, shape }), datasetLimit);
        return rows;
      },
      warnings: () => [],
      done: (verdicts) => {
        const about = { judge: judgeName(options), files: files.map(shownPath) };
        const result = injectionEvaluation(rows, verdicts, about);
        process.stdout.write(`${json ? figuresJson(result) : describeInjection(result)}\n`);
        if (folder !== undefined) atomicWriteSync(join(folder, RESULT), `${figuresJson(result, 1)}\n`);
      },
    },
    folder,
    options,
  );
}

function describeInjection({ judge, rates }: InjectionEvaluation): string {
  const { pairs, right, control, attacks, kinds, silenced } = rates;
  const named = [
    ['no attack', control],
    ['attacks', attacks],
    ...kinds.map(({ kind, flips }) => [`  ${kind}`, flips] as const),
    ['no verdict after one', silenced],
  ] as const;
  const lines = named.map(([name, of]) => [name, interval(of), String(of.n)]);
  return (
    `${judge}: right on ${right} of ${pairs} pairs; of those, turned to the worse answer by a text in it\n` +
    table(['', 'turned [95%]', 'n'], lines)
  );
}
