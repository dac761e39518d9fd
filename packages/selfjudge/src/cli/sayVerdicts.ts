import { massNote } from '../inference/judge.js';
import { summaryOf, unknownLabels } from '../inference/knownVerdicts.js';
import { rationaleNote, verdictOfRow } from '../inference/verdictRow.js';
import type { InputRow } from '../rows/rows.js';
import type { JudgeOptions } from './askedJudge.js';
import { describeVerdicts, jsonOfVerdicts } from './describeVerdicts.js';
import type { WrittenRow } from './keptRows.js';
import type { Progress } from './progress.js';

/** Says how the verdicts on rows came out, and what is worth knowing of them. @param written one a row, as it was written */
export function sayVerdicts(
  rows: readonly InputRow<unknown>[],
  written: readonly WrittenRow[],
  { by, out, json }: Pick<JudgeOptions, 'by' | 'out' | 'json'>,
  progress: Progress,
): void {
  const verdicts = written.map(verdictOfRow);
  const identical = verdicts.filter(({ reason }) => reason === 'identical').length;
  if (identical > 0)
    progress.say(
      `note: ${identical} of ${rows.length} rows have two equal answers: ties, which nobody was asked about`,
    );
  const judged = verdicts.filter((_, i) => written[i].error === undefined);
  for (const note of [massNote(judged), rationaleNote(written)])
    if (note !== undefined) progress.say(`warning: ${note}`);
  const unknown = unknownLabels(rows);
  const [first] = unknown;
  if (first !== undefined)
    progress.say(
      `warning: ${unknown.length} of ${rows.length} rows have another winner than a, b, tie, 0 or 1 (line ${first.line}: ` +
        `${JSON.stringify(first.unknown)}): no label`,
    );
  const summary = summaryOf(rows, verdicts, by);
  const text = json ? jsonOfVerdicts(summary) : describeVerdicts(summary);
  // The rows have the standard output where they go nowhere else.
  if (out === undefined || out === '-') progress.say(text);
  else process.stdout.write(`${text}\n`);
}
