import type { Command } from 'commander';
import { momentText } from '@selfjudge/text/internal';
import { MODEL_VERBS } from '../config/index.js';
import { holdsMore, pairsOf, toAnswerSet, type AnswerSet } from '../inference/answerSet.js';
import { assertColumn } from '../inference/knownVerdicts.js';
import { verdictColumns, verdictOfRow } from '../inference/verdictRow.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { rowShape } from '../rows/rowShape.js';
import { readRows } from '../rows/rows.js';
import type { JudgeOptions } from './askedJudge.js';
import { interruptible } from './exit.js';
import { assertCalibratable, calibrateBy, withCalibration } from './judgeCalibration.js';
import { judgeInto } from './judgeInto.js';
import { outputOfRows } from './sharedRows.js';
import { addModelFlags, addOutputFlags, optionsOf } from './modelFlags.js';
import { namedJudges } from './namedJudges.js';
import { filePath, outputPath } from './output.js';
import { verdictsBy } from './person/verdictsBy.js';
import { Progress } from './progress.js';
import { rankFile } from './rankFile.js';
import { rankingColumns } from './rankInto.js';
import { sayVerdicts } from './sayVerdicts.js';
import { withJudge, type JudgedRows } from './withJudge.js';
import { pairsPath, writePairs } from './writtenPairs.js';

export function addJudgeVerb(program: Command): void {
  const command = program
    .command('judge <file>')
    .summary('which of two answers is better')
    .description(
      'Which of two answers is better.\n\n' +
        'Rows {prompt, completions: [a, b]}, {prompt, a, b} or {prompt, chosen, rejected}, of which chosen is a. Each ' +
        'keeps its columns and gets {winner, probability, orders}, and votes where several principles are asked ' +
        "about. Each order holds the exact text the model read as 'rendered' and probabilities of its next " +
        'token: p_a, that it names the response shown first, and p_b, the other. A reward model (-m) gives ' +
        '{winner, probability, score_a, score_b}. With --explain a judge that learnt rationales gives its reasons: ' +
        'rationale, in rationale_order, where A is the response shown first, a (ab) or b (ba), and rationale_finish; ' +
        'of several principles each vote has its own.\n\n' +
        'Rows are written as they are judged: with --out into FILE.partial, which becomes FILE with the last of them. ' +
        'After Ctrl-C or a crash the same command goes on. At the end it says how the verdicts came out, of labelled ' +
        'rows (chosen and rejected, or a column winner, which is kept as given_winner) also how many are right. ' +
        '--write_pairs makes preferences of the verdicts, for jsft, dpo and reward: from prompts, by generate --count 2.\n\n' +
        'Where a row has more than two completions, all are ranked: each row gets {best, ranking, scores, matches}, indices of ' +
        'completions in tiers from the best, and Bradley and Terry strengths with 95% intervals. --write_pairs then makes ' +
        'pairs of the best and the last.',
    );
  addOutputFlags(addModelFlags(command, 'judge'), 'what is said of the verdicts as JSON').action(
    (given: string) => {
      const file = filePath('file', given);
      const options = optionsOf(MODEL_VERBS.judge, command);
      assertTemplate(options.judgeTemplate);
      return judgeFile(file, options);
    },
  );
}

async function judgeFile(file: string, given: JudgeOptions): Promise<void> {
  const inputs = [file, given.modelNameOrPath, given.adapter, ...(given.judge ?? [])];
  namedJudges(given);
  const out = outputPath(given.out, inputs);
  const pairs = pairsPath(given.writePairs, inputs, out);
  const progress = new Progress('judge', 'rows');
  const work = async (signal: AbortSignal) => {
    let remember = verdictColumns;
    const output = outputOfRows(out, (row) => remember(row));
    // Rows that go on another day are judged with the day they began with.
    const day = output.before?.config.chat_template_date ?? momentText(new Date()).slice(0, 10);
    const options = { ...given, chatTemplateDate: given.chatTemplateDate ?? String(day) };
    try {
      await withJudge(rowsIn(file, options), options, { progress, signal }, async (rows, found) => {
        assertCalibratable(found, options, rows);
        // To be calibrated it is asked as it is.
        const asked = options.calibrate
          ? found
          : withCalibration(found, options, (line) => progress.say(line));
        const hooks = { file, cache: options.cache, progress, signal };
        if (holdsMore(rows)) {
          remember = rankingColumns;
          return rankFile(rows, asked, { output, options, pairs, hooks });
        }
        const two = pairsOf(rows);
        await judgeInto(output, rows, asked, hooks, verdictsBy(asked, two, output));
        if (pairs !== undefined)
          progress.say(`note: ${await writePairs(pairs, two, output.rows.map(verdictOfRow))}`);
        sayVerdicts(rows, output.rows, options, progress);
        if (options.calibrate)
          progress.say(await calibrateBy(asked, options, two, output.rows.map(verdictOfRow)));
      });
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

function rowsIn(file: string, { by, datasetShape }: JudgeOptions): JudgedRows<AnswerSet> {
  const shape = rowShape(datasetShape);
  return {
    files: [file],
    read: async ([path], promptFormat) => {
      const rows = await readRows(path, (row) => toAnswerSet(row, { promptFormat }), shape);
      assertColumn(by, rows);
      return rows;
    },
  };
}
