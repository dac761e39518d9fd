import { DataError } from '@selfjudge/base';
import type { Issue, Outcome, Row, RowShape } from '@selfjudge/data';
import { readDataFile } from '@selfjudge/data/internal';

/** A row of a file: what it says, or why it cannot be used. Results keep the order of the lines. */
export type InputRow<T> = Outcome<T> & {
  line: number;
  /** Of rows of several files, the one it stands in. */
  file?: string;
  /** The columns as they were read; absent where the line is no row, and of results. */
  columns?: Row;
  /** The same under the names that are known here, as the shape of the rows says. */
  known?: Row;
};

/** The rows of a file, converted. @throws DataError when none can be used */
export async function readRows<T>(
  path: string,
  convert: (row: Row, id: string) => Outcome<T>,
  shape?: RowShape,
): Promise<InputRow<T>[]> {
  const file = await readDataFile(path, { shape });
  const rows: InputRow<T>[] = file.rows.map(({ line, value, columns }) => ({
    line,
    columns,
    known: value,
    ...convert(value, typeof value.id === 'string' ? value.id : `${path}:${line}`),
  }));
  for (const { line, code, reason } of file.issues) rows.push({ line, problem: { code, reason } });
  rows.sort((a, b) => a.line - b.line);
  assertUsable(path, rows);
  return rows;
}

/** @throws DataError with the first row's reason when no row is left */
export function assertUsable(path: string, rows: readonly InputRow<unknown>[]): void {
  if (rows.some(({ problem }) => problem === undefined)) return;
  const [first] = rows;
  const reason = first?.problem?.reason ?? 'expected at least one row, received an empty file';
  const all = rows.length > 1 ? ` (none of the ${rows.length} rows can be used)` : '';
  throw new DataError({ path, line: first?.line ?? 1, reason: `${reason}${all}` });
}

/** The rows that cannot be used. @param file where rows stand that say of no other */
export function issuesOf(file: string, rows: readonly InputRow<unknown>[]): Issue[] {
  return rows.flatMap(({ line, file: own = file, problem }) =>
    problem === undefined ? [] : [{ file: own, line, ...problem }],
  );
}
