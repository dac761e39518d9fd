import { join } from 'node:path';
import { atomicWriteSync } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import type { Command } from 'commander';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { assertColumn, unknownLabelsNote } from '../inference/knownVerdicts.js';
import { JUDGE_RESULT, judgeEvaluation, type JudgeEvaluation } from '../inference/judgeEvaluation.js';
import { assertWriter, readTrustRows, type TrustRow } from '../inference/trustRows.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { promptKey, readTrainingData } from '../models/trainingData.js';
import { judgeReport } from '../report/judgeReport.js';
import { rowShape } from '../rows/rowShape.js';
import { describeTrust } from './describeTrust.js';
import { figuresJson } from './figuresJson.js';
import { judgeToFolder, type JudgedWork } from './judgedFolder.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { judgeName } from './namedJudges.js';
import { filePath } from './output.js';

type Options = VerbOptions<'evaluate judge'> & { json?: boolean };

const REPORT = 'report.html';

export function addEvaluateJudgeVerb(evaluate: Command): void {
  const command = evaluate
    .command('judge <files...>')
    .summary('how far a judge can be trusted, from labelled files')
    .description(
      'How far a judge can be trusted, from files that say which answer is better: rows {prompt, chosen, rejected} or {prompt, ' +
        'completions, winner}, and the shapes of others (PandaLM, LLMBar, MT-bench, the Arena, RewardBench 1 and 2, HHH, ...).\n\n' +
        'Accuracy, also by which answer is longer, beside what always naming the longer or the first answer scores; how the order ' +
        'changes verdicts; calibration; agreement with each of several people; RewardBench by its own rules. With --output_dir ' +
        'everything is kept in a folder, which compare takes.',
    );
  addModelFlags(command, 'evaluate judge')
    .option('--json', 'print the result as JSON on stdout')
    .action((files: string[]) =>
      evaluateJudge(
        files.map((file) => filePath('file', file)),
        optionsOf(MODEL_VERBS['evaluate judge'], command),
      ),
    );
}

async function evaluateJudge(files: string[], options: Options): Promise<void> {
  assertTemplate(options.judgeTemplate);
  const { by, ownModel, outputDir: folder, json } = options;
  const shape = rowShape(options.datasetShape);
  let known: TrustRow[] = [];
  const work: JudgedWork = {
    files,
    read: async (paths, promptFormat) => {
      known = await readTrustRows(paths, { promptFormat, shape });
      assertColumn(by, known);
      assertWriter(ownModel, known);
      return known;
    },
    warnings: ({ weights }) => [
      unknownLabelsNote(known.map(({ line, facts }) => ({ line, unknown: facts.unknown }))),
      trainedNote(known, weights),
    ],
    done: (verdicts, say) => {
      const judge = judgeName(options);
      const result = judgeEvaluation(known, verdicts, { judge, files: files.map(shownPath), by, ownModel });
      show(result, json);
      if (folder === undefined) return;
      atomicWriteSync(join(folder, JUDGE_RESULT), `${figuresJson(result, 1)}\n`);
      const report = join(folder, REPORT);
      atomicWriteSync(report, judgeReport(result, known));
      say(`report: ${report}`);
    },
  };
  return judgeToFolder(work, folder, options);
}

/** Without the verdicts, of which there may be many: those are in the folder. */
function show(result: JudgeEvaluation, json = false): void {
  const shown = { ...result, verdicts: undefined };
  process.stdout.write(`${json ? figuresJson(shown) : describeTrust(result)}
`);
}

/** Pairs of prompts that the judge was trained on are no evidence. */
function trainedNote(rows: readonly TrustRow[], path: string | undefined): string | undefined {
  const prompts = path === undefined ? undefined : readTrainingData({ path })?.prompts;
  if (prompts === undefined) return undefined;
  const seen = rows.filter(({ value }) => value !== undefined && prompts.has(promptKey(value.prompt))).length;
  return seen === 0
    ? undefined
    : `the judge was trained on the prompts of ${seen} of ${rows.length} pairs: what it says of those is no evidence`;
}
