import { ConfigError, SelfjudgeError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import type { Verdict } from '@selfjudge/judging';
import { askedOnce, type Explanation } from '@selfjudge/judging/internal';
import { judgeRows } from '../inference/judge.js';
import { GIVEN_WINNER } from '../inference/knownVerdicts.js';
import { verdictRow } from '../inference/verdictRow.js';
import { assertUsable, issuesOf, type InputRow } from '../rows/rows.js';
import type { AskedJudge } from './askedJudge.js';
import type { RowsOutput, WrittenRow } from './keptRows.js';
import { warnAbout } from './overRows.js';
import type { Progress } from './progress.js';
import { grouped } from './terminal.js';
import { VerdictCache } from './verdictCache.js';

/** What rows are judged with beside their judge. */
interface JudgeHooks {
  /** Of the rows, as messages name it. */
  file: string;
  /** A folder of verdicts that were given. */
  cache?: string;
  progress: Progress;
  signal: AbortSignal;
}

/** Judges the rows that an output lacks, a portion after the other, each written as soon as it is there. */
export async function judgeInto(
  output: RowsOutput,
  rows: readonly InputRow<AnswerPair>[],
  asked: AskedJudge,
  { file, cache: folder, progress, signal }: JudgeHooks,
): Promise<void> {
  const { origin } = asked;
  await output.begin(origin, rows.length);
  const before = output.rows.length;
  if (before > 0) progress.say(`${before} of ${rows.length} rows are there already`);
  const beganOn = output.before?.kernel_path ?? origin.kernel_path;
  if (before < rows.length && beganOn !== origin.kernel_path)
    progress.say(
      `warning: they were judged on ${beganOn}, the others on ${origin.kernel_path}: equal to rounding`,
    );
  const warn = (message: string) => progress.say(`warning: ${message}`);
  const cache = folder === undefined ? undefined : new VerdictCache(folder, asked.fingerprint, warn);
  const results: InputRow<true>[] = [];
  try {
    progress.begin(before);
    const portions = judgeRows(askedOnce(asked.judge, cache), rows.slice(before), {
      maxPositions: asked.maxPositions,
      signal,
      onProgress: (done) => progress.update(before + done, rows.length),
    });
    for await (const said of portions) {
      refuseSilence(said);
      const last = said.findIndex(({ value }) => value?.reason === 'no-budget');
      const portion = last === -1 ? said : said.slice(0, last);
      const judged = rows.slice(output.rows.length, output.rows.length + portion.length);
      const reasons = await asked.explain(judged, portion, signal);
      output.append(portion.map((result, i) => judgedRow(judged[i], result, reasons[i])));
      for (const { line, problem } of portion)
        results.push(problem === undefined ? { line, value: true } : { line, problem });
      if (last !== -1)
        throw new ConfigError({
          key: 'judge_calls',
          expected: `enough for the ${rows.length - output.rows.length} rows that are left: the same command with more, or as many again, goes on`,
          received: 'all of them made',
        });
    }
    progress.finish();
    if (cache !== undefined) progress.say(`note: ${cache.hits} verdicts were in ${folder}`);
    const { tokens = 0, rows: computed = 0 } = asked.work?.() ?? {};
    if (tokens > 0)
      progress.say(
        `note: ${grouped(tokens)} tokens of questions were computed in ${grouped(computed)} rows, ` +
          `${(computed / tokens).toFixed(2)} of them: orders and questions share what they have in common`,
      );
  } finally {
    cache?.close();
  }
  if (before === 0) assertUsable(file, results);
  await output.finish();
  warnAbout(issuesOf(file, results));
}

/** So many pairs in a row without an answer are not their own fault. */
const SILENT = 8;

/** Rows that nobody was there to judge are not written as judged: later somebody may be there. */
function refuseSilence(said: readonly InputRow<Verdict>[]): void {
  const [first] = said;
  if (said.length < SILENT || !said.every(({ value }) => value?.reason === 'no-answer')) return;
  throw new SelfjudgeError(
    'SJ_FAULT',
    `[judge] the endpoint: expected an answer, received none on ${said.length} pairs in a row (${first.value?.detail})`,
  );
}

/** The row with its verdict, or with the reason why there is none. */
function judgedRow(
  { columns = {} }: InputRow<unknown>,
  { value, problem }: InputRow<Verdict>,
  reasons: readonly (Explanation | undefined)[] | undefined,
): WrittenRow {
  const said =
    problem === undefined
      ? verdictRow(value, reasons)
      : { winner: null, probability: null, orders: [], error: problem.reason };
  const label = 'winner' in columns && { [GIVEN_WINNER]: columns[GIVEN_WINNER] ?? columns.winner };
  return { ...columns, ...label, ...said };
}
