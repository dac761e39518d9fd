import { join } from 'node:path';
import { atomicWriteSync, makeFolder } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import type { Command } from 'commander';
import { momentText } from '@selfjudge/text/internal';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { assertColumn, unknownLabelsNote } from '../inference/knownVerdicts.js';
import { JUDGE_RESULT, judgeEvaluation, type JudgeEvaluation } from '../inference/judgeEvaluation.js';
import { assertWriter, readTrustRows, type TrustRow } from '../inference/trustRows.js';
import { verdictColumns, verdictOfRow } from '../inference/verdictRow.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { promptKey, readTrainingData } from '../models/trainingData.js';
import { judgeReport } from '../report/judgeReport.js';
import { rowShape } from '../rows/rowShape.js';
import { describeTrust } from './describeTrust.js';
import { figuresJson } from './figuresJson.js';
import { interruptible } from './exit.js';
import { judgeInto } from './judgeInto.js';
import { outputOfRows, PassedRows, type RowsOutput } from './keptRows.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';
import { Progress } from './progress.js';
import { verdictNotes } from './sayVerdicts.js';
import { withJudge } from './withJudge.js';

type Options = VerbOptions<'evaluate judge'> & { json?: boolean };

/** What a folder of an evaluation of a judge holds. */
const FILES = { verdicts: 'verdicts.jsonl', result: JUDGE_RESULT, report: 'report.html' };

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

async function evaluateJudge(files: string[], given: Options): Promise<void> {
  assertTemplate(given.judgeTemplate);
  const { by, ownModel, outputDir: folder, json } = given;
  const shape = rowShape(given.datasetShape);
  const progress = new Progress('judge', 'pairs');
  const work = async (signal: AbortSignal) => {
    if (folder !== undefined) makeFolder(folder);
    const output: RowsOutput =
      folder === undefined
        ? new PassedRows(
            () => {},
            () => {},
            verdictColumns,
          )
        : outputOfRows(join(folder, FILES.verdicts), verdictColumns);
    const day = output.before?.config.chat_template_date ?? momentText(new Date()).slice(0, 10);
    const options = { ...given, chatTemplateDate: given.chatTemplateDate ?? String(day) };
    let known: TrustRow[] = [];
    const read = async (paths: readonly string[], promptFormat: 'standard' | 'chat') => {
      known = await readTrustRows(paths, { promptFormat, shape });
      assertColumn(by, known);
      assertWriter(ownModel, known);
      return known;
    };
    try {
      const asked = { ...options, explain: false, maxNewTokens: 1 };
      let result: JudgeEvaluation | undefined;
      await withJudge({ files, read }, asked, { progress, signal }, async (rows, judge) => {
        const say = (line: string) => progress.say(`warning: ${line}`);
        for (const line of [
          unknownLabelsNote(known.map(({ line, facts }) => ({ line, unknown: facts.unknown }))),
          trainedNote(known, judge.path),
        ])
          if (line !== undefined) say(line);
        await judgeInto(output, rows, judge, {
          file: files.join(', '),
          cache: options.cache,
          progress,
          signal,
        });
        for (const line of verdictNotes(output.rows)) progress.say(line);
        result = judgeEvaluation(known, output.rows.map(verdictOfRow), {
          judge: given.judgeEndpoint === undefined ? shownPath(given.modelNameOrPath) : given.modelNameOrPath,
          files: files.map(shownPath),
          by,
          ownModel,
        });
      });
      show(result!, json);
      if (folder !== undefined) {
        atomicWriteSync(join(folder, FILES.result), `${figuresJson(result!, 1)}\n`);
        const report = join(folder, FILES.report);
        atomicWriteSync(report, judgeReport(result!, known));
        progress.say(`report: ${report}`);
      }
    } catch (error) {
      if (output.kept !== undefined)
        progress.say(`${output.rows.length} rows are in ${output.kept}: the same command goes on after them`);
      throw error;
    } finally {
      output.close();
    }
  };
  await interruptible(work, (line) => progress.say(line));
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
