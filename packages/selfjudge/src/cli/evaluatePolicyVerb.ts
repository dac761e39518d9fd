import { join } from 'node:path';
import { atomicWriteSync, ConfigError } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import type { Command } from 'commander';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { readPolicyRows, type PolicyRows } from '../inference/answerFiles.js';
import { assertInstructions, readGamedTable } from '../inference/gamedTable.js';
import {
  alpacaAnnotations,
  fastChatJudgments,
  POLICY_RESULT,
  policyEvaluation,
} from '../inference/policyEvaluation.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { rowShape } from '../rows/rowShape.js';
import { describePolicy } from './describePolicy.js';
import { judgeName } from './namedJudges.js';
import { figuresJson } from './figuresJson.js';
import { judgeToFolder } from './judgedFolder.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';

type Options = VerbOptions<'evaluate policy'> & { json?: boolean };

export function addEvaluatePolicyVerb(evaluate: Command): void {
  const command = evaluate
    .command('policy <answers>')
    .summary('whose answers are better, by any judge, from two files of answers')
    .description(
      "How a policy's answers fare against others to the same prompts (--baseline), by a judge (-m), which is asked in both orders.\n\n" +
        "Files of answers: rows {prompt, completion}, as generate writes them, or {messages}; AlpacaEval's {instruction, output, generator}; " +
        "FastChat's {question_id, model_id, choices} of MT-bench and Vicuna, of which the first turn is judged, beside their --questions. " +
        'With --output_dir everything is kept in a folder, which compare takes, also as files of AlpacaEval and FastChat.',
    );
  addModelFlags(command, 'evaluate policy')
    .option('--json', 'print the result as JSON on stdout')
    .action((answers: string) =>
      evaluatePolicy(filePath('answers', answers), optionsOf(MODEL_VERBS['evaluate policy'], command)),
    );
}

async function evaluatePolicy(answers: string, options: Options): Promise<void> {
  assertTemplate(options.judgeTemplate);
  const { baseline, questions, alpacaEvalGamed, outputDir: folder, json } = options;
  if (baseline === answers)
    throw new ConfigError({ key: 'baseline', expected: 'another file than the answers', received: baseline });
  const shape = rowShape(options.datasetShape);
  const gamed = alpacaEvalGamed === undefined ? undefined : await readGamedTable(alpacaEvalGamed);
  let known: PolicyRows | undefined;
  await judgeToFolder(
    {
      files: [answers, baseline, ...(questions === undefined ? [] : [questions])],
      read: async (paths, promptFormat) => {
        known = await readPolicyRows(paths, { promptFormat, shape });
        if (gamed !== undefined) assertInstructions(gamed, known);
        return known.rows;
      },
      warnings: () => warningsOf(known!),
      done: (verdicts, say) => {
        const about = {
          judge: judgeName(options),
          files: [answers, baseline].map(shownPath) as [string, string],
        };
        const result = policyEvaluation(known!, verdicts, { ...about, gamed });
        process.stdout.write(
          `${json ? figuresJson({ ...result, samples: undefined }) : describePolicy(result)}\n`,
        );
        if (folder === undefined) return;
        const write = (name: string, text: string) => atomicWriteSync(join(folder, name), text);
        write(POLICY_RESULT, `${figuresJson(result, 1)}\n`);
        write(
          'alpaca_eval.json',
          `${JSON.stringify(alpacaAnnotations(known!, verdicts, result), null, 1)}\n`,
        );
        const games = fastChatJudgments(known!, verdicts, result);
        if (games.length > 0)
          write('fastchat_pair.jsonl', games.map((game) => `${JSON.stringify(game)}\n`).join(''));
        say(`written: ${folder}`);
      },
    },
    folder,
    options,
  );
}

function warningsOf({ rows, others: { a, b }, laterTurns }: PolicyRows): string[] {
  return [
    ...(a + b === 0
      ? []
      : [
          `${rows.length} prompts have both answers; left out: ${a} of the answers alone, ${b} of the others alone`,
        ]),
    ...(laterTurns === 0
      ? []
      : [
          `${laterTurns} later turns are left out: they follow answers of their own, and are no answers to one prompt`,
        ]),
  ];
}
