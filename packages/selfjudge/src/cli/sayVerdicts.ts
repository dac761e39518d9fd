import { massNote } from '../inference/judge.js';
import { labelOfRow, summaryOf, unknownLabelsNote } from '../inference/knownVerdicts.js';
import { rationaleNote, silenceNotes, verdictOfRow } from '../inference/verdictRow.js';
import type { InputRow } from '../rows/rows.js';
import type { JudgeOptions } from './askedJudge.js';
import { describeVerdicts } from './describeVerdicts.js';
import { figuresJson } from './figuresJson.js';
import type { WrittenRow } from './keptRows.js';
import { print } from './exit.js';
import type { Progress } from './progress.js';

/** Says how the verdicts on rows came out, and what is worth knowing of them. @param written one a row, as it was written */
export function sayVerdicts(
  rows: readonly InputRow<unknown>[],
  written: readonly WrittenRow[],
  { by, out, json }: Pick<JudgeOptions, 'by' | 'out' | 'json'>,
  progress: Progress,
): void {
  for (const note of verdictNotes(written)) progress.say(note);
  const unknown = unknownLabelsNote(rows.map((row) => ({ line: row.line, ...labelOfRow(row) })));
  if (unknown !== undefined) progress.say(`warning: ${unknown}`);
  const summary = summaryOf(rows, written.map(verdictOfRow), by);
  const text = json ? figuresJson(summary) : describeVerdicts(summary);
  // The rows have the standard output where they go nowhere else.
  if (out === undefined || out === '-') progress.say(text);
  else print(`${text}\n`);
}

/** What is worth knowing of verdicts on rows as they were written, whatever their labels are: notes and warnings, by that name. */
export function verdictNotes(written: readonly WrittenRow[]): string[] {
  const verdicts = written.map(verdictOfRow);
  const identical = verdicts.filter(({ reason }) => reason === 'identical').length;
  const judged = verdicts.filter((_, i) => written[i].error === undefined);
  const warnings = [massNote(judged), rationaleNote(written), ...silenceNotes(written)].flatMap((note) =>
    note === undefined ? [] : [`warning: ${note}`],
  );
  if (identical === 0) return warnings;
  const of = `${identical} of ${written.length} rows`;
  return [`note: ${of} have two equal answers: ties, which nobody was asked about`, ...warnings];
}
