import { ConfigError } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import type { Row } from '@selfjudge/data';
import type { KnownVerdict, VerdictSummary } from '@selfjudge/evaluation/internal';
import { grouped, verdictSummary } from '@selfjudge/evaluation/internal';
import type { InputRow } from '../rows/rows.js';

/** The column that keeps what `winner` was before the judge's winner took its place. */
export const GIVEN_WINNER = 'given_winner';

/** A row's label: the better answer, or why there is none. */
export type RowLabel = { label?: KnownVerdict['label']; unknown?: undefined } | { unknown: unknown };

/**
 * Which answer a row says is the better one: of `{chosen, rejected}` the chosen one, which is a; else its column `given_winner`, or
 * `winner` ('a', 'b', 'tie', 0, 1). Null is no label, nor is the winner of a judge that wrote the row before.
 */
export function labelOf(columns: Row | undefined): RowLabel {
  if (columns === undefined) return {};
  const { completions, chosen, rejected, winner } = columns;
  if (completions === undefined && chosen !== undefined && rejected !== undefined) return { label: 'a' };
  const said = columns[GIVEN_WINNER] ?? (isJudged(columns) ? null : (winner ?? null));
  if (said === null) return {};
  if (said === 'a' || said === 0) return { label: 'a' };
  if (said === 'b' || said === 1) return { label: 'b' };
  return said === 'tie' ? { label: 'tie' } : { unknown: said };
}

/** Whether its winner stands beside what else `verdictRow` writes. */
const isJudged = ({ probability, orders, score_a: score }: Row): boolean =>
  probability !== undefined && (orders !== undefined || score !== undefined);

/** What is worth knowing of rows whose label is none of those there are. @param labels one a row */
export function unknownLabelsNote(
  labels: readonly { line: number; unknown?: unknown }[],
): string | undefined {
  const [first, ...more] = labels.filter(({ unknown }) => unknown !== undefined);
  if (first === undefined) return undefined;
  return (
    `${more.length + 1} of ${labels.length} rows have another winner than a, b, tie, 0 or 1 ` +
    `(line ${first.line}: ${JSON.stringify(first.unknown)}): no label`
  );
}

/** The label of a row of whatever shape. */
export const labelOfRow = ({ columns, known = columns }: InputRow<unknown>): RowLabel => labelOf(known);

/** The label of a row that has one of those there are. */
export const knownLabel = (row: InputRow<unknown>): KnownVerdict['label'] =>
  ({ label: undefined, ...labelOfRow(row) }).label;

/** Verdicts on rows with their labels. @param verdicts one a row */
export const knownVerdicts = (
  rows: readonly InputRow<unknown>[],
  verdicts: readonly KnownVerdict['verdict'][],
): KnownVerdict[] =>
  rows.map((row, i) => {
    const label = knownLabel(row);
    return { verdict: verdicts[i], ...(label !== undefined && { label }) };
  });

/** What is said of verdicts on rows. */
export interface RowsSummary extends VerdictSummary {
  rows: number;
  /** The same for each value of a column, in the order in which they first stand. */
  by?: { column: string; values: (VerdictSummary & { value: string; rows: number })[] };
}

/** @throws ConfigError when no row has the column */
export function assertColumn(by: string | undefined, rows: readonly InputRow<unknown>[]): void {
  if (by === undefined || rows.some(({ columns }) => columns !== undefined && by in columns)) return;
  const names = [...new Set(rows.flatMap(({ columns = {} }) => Object.keys(columns)))];
  throw new ConfigError({
    key: 'by',
    expected: `a column of the rows: ${names.join(', ')}`,
    received: by,
    nearest: nearest(by, names),
  });
}

/** @param verdicts one a row */
export function summaryOf(
  rows: readonly InputRow<unknown>[],
  verdicts: readonly KnownVerdict['verdict'][],
  by?: string,
): RowsSummary {
  const known = knownVerdicts(rows, verdicts);
  const all = { rows: rows.length, ...verdictSummary(known) };
  if (by === undefined) return all;
  const named = known.map((verdict, i) => ({ verdict, value: valueText(rows[i].columns?.[by]) }));
  const values = [...grouped(named, ({ value }) => value)].map(([value, ofValue]) => ({
    value,
    rows: ofValue.length,
    ...verdictSummary(ofValue.map(({ verdict }) => verdict)),
  }));
  return { ...all, by: { column: by, values } };
}

/** A value of a column as a word; rows without one stand together. */
export const valueText = (value: unknown): string =>
  value === undefined || value === null
    ? '(none)'
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
