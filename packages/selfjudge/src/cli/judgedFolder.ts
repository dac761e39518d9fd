import { join } from 'node:path';
import { makeFolder } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import type { Verdict } from '@selfjudge/judging';
import { momentText } from '@selfjudge/text/internal';
import { verdictColumns, verdictOfRow } from '../inference/verdictRow.js';
import type { InputRow } from '../rows/rows.js';
import type { AskedJudge, AskedOptions } from './askedJudge.js';
import { interruptible, leads } from './exit.js';
import { withCalibration, type CalibratedOptions } from './judgeCalibration.js';
import { judgeInto } from './judgeInto.js';
import type { RowsOutput } from './keptRows.js';
import { outputOfRows, passedRows } from './sharedRows.js';
import { verdictsBy } from './person/verdictsBy.js';
import { Progress } from './progress.js';
import { verdictNotes } from './sayVerdicts.js';
import { withJudge, type JudgedRows } from './withJudge.js';

const VERDICTS = 'verdicts.jsonl';

/** Rows to be judged, what is said before and made of the verdicts after. */
export interface JudgedWork extends JudgedRows<AnswerPair> {
  /** What is worth knowing of the rows, once they are read. */
  warnings(asked: AskedJudge): (string | undefined)[];
  /** @param verdicts one a row */
  done(verdicts: Verdict[], say: (line: string) => void): void;
}

/**
 * Judges rows. In a folder their verdicts are kept as they come, and the same command goes on after those that are there.
 * @param folder undefined to keep nothing
 */
export function judgeToFolder(
  { files, read, warnings, done }: JudgedWork,
  folder: string | undefined,
  given: Omit<AskedOptions, 'explain' | 'maxNewTokens'> & CalibratedOptions,
): Promise<void> {
  const progress = new Progress('judge', 'pairs');
  const say = (line: string) => progress.say(line);
  const work = async (signal: AbortSignal) => {
    const output = outputIn(folder);
    // Rows that go on another day are judged with the day they began with.
    const day = output.before?.config.chat_template_date ?? momentText(new Date()).slice(0, 10);
    const chatTemplateDate = given.chatTemplateDate ?? String(day);
    const options = { ...given, chatTemplateDate, explain: false, maxNewTokens: 1 };
    const judge = async (rows: InputRow<AnswerPair>[], found: AskedJudge) => {
      const asked = withCalibration(found, options, say);
      for (const line of warnings(asked)) if (line !== undefined) say(`warning: ${line}`);
      const hooks = { file: files.join(', '), cache: options.cache, progress, signal };
      await judgeInto(output, rows, asked, hooks, verdictsBy(asked, rows, output));
      for (const line of verdictNotes(output.rows)) say(line);
    };
    try {
      await withJudge({ files, read }, options, { progress, signal }, judge);
      if (leads()) done(output.rows.map(verdictOfRow), say);
    } catch (error) {
      if (output.kept !== undefined)
        say(`${output.rows.length} rows are in ${output.kept}: the same command goes on after them`);
      throw error;
    } finally {
      output.close();
    }
  };
  return interruptible(work, say);
}

function outputIn(folder: string | undefined): RowsOutput {
  if (folder === undefined) return passedRows(verdictColumns);
  if (leads()) makeFolder(folder);
  return outputOfRows(join(folder, VERDICTS), verdictColumns);
}
