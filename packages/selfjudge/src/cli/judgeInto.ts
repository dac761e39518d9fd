import { ConfigError, SelfjudgeError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import type { Judge, Verdict } from '@selfjudge/judging';
import { ranksOfProcess } from '@selfjudge/engine/internal';
import { askedOnce, membersOf, sharedJudge, type Explanation } from '@selfjudge/judging/internal';
import { judgeRows } from '../inference/judge.js';
import { GIVEN_WINNER } from '../inference/knownVerdicts.js';
import { verdictRow } from '../inference/verdictRow.js';
import { assertUsable, issuesOf, type InputRow } from '../rows/rows.js';
import type { AskedJudge } from './askedJudge.js';
import type { RowsOutput, WrittenRow } from './keptRows.js';
import { warnAbout } from './overRows.js';
import type { Progress } from './progress.js';
import { grouped } from './terminal.js';
import { openCache } from './sharedCache.js';

/** What rows are judged with beside their judge. */
export interface JudgeHooks {
  /** Of the rows, as messages name it. */
  file: string;
  /** A folder of verdicts that were given. */
  cache?: string;
  progress: Progress;
  signal: AbortSignal;
}

/** What a portion of rows came to. */
export interface Portion {
  rows: WrittenRow[];
  /** One a row: that it is of use, or why not. */
  results: InputRow<true>[];
  /** The judge may be asked no further: later rows are left for another time. */
  isLast: boolean;
}

/** Works on rows that are left, a portion after the other. @param onProgress told how many of them are done */
export type PortionWork = (
  judge: Judge,
  left: { from: number; signal: AbortSignal; onProgress(done: number): void },
) => AsyncGenerator<Portion>;

/** Judges the rows that an output lacks, a portion after the other, each written as soon as it is there. */
export async function judgeInto(
  output: RowsOutput,
  rows: readonly InputRow<unknown>[],
  asked: AskedJudge,
  { file, cache: folder, progress, signal }: JudgeHooks,
  work: PortionWork,
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
  const ranks = ranksOfProcess();
  const cache = folder === undefined ? undefined : openCache(ranks, folder, asked.fingerprint, warn);
  const results: InputRow<true>[] = [];
  try {
    progress.begin(before);
    const onProgress = (done: number) => progress.update(before + done, rows.length);
    for await (const portion of work(askedOnce(sharedJudge(asked.judge, ranks), cache), {
      from: before,
      signal,
      onProgress,
    })) {
      // Of rows that were taken back meanwhile there are results too.
      results.length = Math.min(results.length, Math.max(0, output.rows.length - before));
      output.append(portion.rows);
      results.push(...portion.results);
      if (portion.isLast)
        throw new ConfigError({
          key: 'judge_calls',
          expected: `enough for the ${rows.length - output.rows.length} rows that are left: the same command with more, or as many again, goes on`,
          received: 'all of them made',
        });
    }
    progress.finish();
    if (cache !== undefined) progress.say(`note: ${cache.hits} verdicts were in ${folder}`);
    const { tokens = 0, rows: computed = 0 } = asked.work?.() ?? {};
    if (tokens > 0 && ranks.size === 1)
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

/** The verdict on the two answers of each row, with reasons where they are asked for. */
export const verdictsOn = (rows: readonly InputRow<AnswerPair>[], asked: AskedJudge): PortionWork =>
  async function* (judge, { from, signal, onProgress }) {
    let next = from;
    for await (const said of judgeRows(judge, rows.slice(from), {
      maxPositions: asked.maxPositions,
      ranks: ranksOfProcess(),
      signal,
      onProgress,
    })) {
      refuseSilence(said.map(({ value }) => value));
      const last = said.findIndex(({ value }) => value !== undefined && isBudgetUsed(value));
      const portion = last === -1 ? said : said.slice(0, last);
      const judged = rows.slice(next, next + portion.length);
      const reasons = await asked.explain(judged, portion, signal);
      next += portion.length;
      yield {
        rows: portion.map((result, i) => judgedRow(judged[i], result, reasons[i])),
        results: portion.map(({ line, problem }, i) => {
          const place = { line, file: judged[i].file };
          return problem === undefined ? { ...place, value: true } : { ...place, problem };
        }),
        isLast: last !== -1,
      };
    }
  };

/** So many pairs in a row without an answer are not their own fault. */
const SILENT = 8;

/** Rows that nobody was there to judge are not written as judged: later somebody may be there. Of an ensemble, no member. */
export function refuseSilence(said: readonly (Verdict | undefined)[]): void {
  if (said.length < SILENT) return;
  const members = said.map((verdict) => (verdict === undefined ? [] : membersOf(verdict)));
  members[0].forEach((first, i) => {
    if (!members.every((of) => of[i]?.reason === 'no-answer')) return;
    throw new SelfjudgeError(
      'SJ_FAULT',
      `[judge] the endpoint: expected an answer, received none on ${said.length} pairs in a row (${first.detail})`,
    );
  });
}

/** Whether an endpoint may be asked no further, by itself or in an ensemble. */
export const isBudgetUsed = (verdict: Verdict): boolean =>
  membersOf(verdict).some(({ reason }) => reason === 'no-budget');

/** The row with its verdict, or with the reason why there is none. */
export function judgedRow(
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
