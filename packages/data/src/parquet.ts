import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { FileFormatError, isError } from '@selfjudge/base';
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';

import { openDuckdb } from './duckdb.js';
import { RowReader, type DataFile } from './rowReader.js';
import type { RowShape } from './shaper.js';
import { assertExpansion } from './unpacked.js';

/** For pages, which say themselves how large they become. */
const MEMORY = 2 * 2 ** 30;

/**
 * The rows of a Parquet file, in its order, in parts as they are read. Each becomes the JSON that means the same, with lists
 * and structs as they are nested and every digit of its numbers, and is read as a line of JSONL is; times are text in ISO's
 * form. Columns of bytes are none that rows have, and are not read.
 *
 * @throws FileFormatError for a file that is torn or damaged, that has two columns of one name but for case, or whose rows are over
 *   200 times as large as JSON and over 1 MiB
 */
export async function* parquetRows(
  path: string,
  shape: RowShape,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<DataFile> {
  const file = resolve(path);
  const { size } = statSync(file);
  // What a name of a file may hold, a pattern of names may mean otherwise.
  const literal = file.replace(/[[*?]/g, (character) => `[${character}]`);
  const { connection, close } = await openDuckdb({ files: [file, literal], memory: MEMORY });
  const rows = new RowReader(path, shape);
  let line = 0;
  let bytes = 0;
  try {
    // A connection has one open result: another question would end the rows.
    const count = await countRows(connection, literal);
    const result = await selectRows(connection, path, literal);
    for await (const texts of chunksOf(result)) {
      for (const text of texts) {
        bytes += text.length;
        rows.text(++line, text);
      }
      assertExpansion(path, 'Parquet', bytes, size);
      yield rows.take();
      onBytes?.((size * line) / count);
    }
    if (line !== count)
      throw new FileFormatError({
        path,
        expected: `the ${count} rows that the file says it has`,
        received: `${line}`,
      });
  } catch (error) {
    if (isError(error)) throw error;
    throw new FileFormatError({
      path,
      ...(line > 0 && { line: line + 1 }),
      expected: 'Parquet',
      received: firstLine(error).replaceAll(file, path),
    });
  } finally {
    close();
  }
}

/** The texts of the one column of a result. The engine makes the next ones while these are worked on. */
async function* chunksOf(result: DuckDBResult): AsyncGenerator<string[]> {
  let next = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) return;
      next = result.fetchChunk();
      // What fails is told when it is waited for.
      next.catch(() => {});
      yield chunk.getColumnValues(0) as string[];
    }
  } finally {
    await next.catch(() => {});
  }
}

async function selectRows(connection: DuckDBConnection, path: string, literal: string) {
  const { listValue, LIST, VARCHAR } = await import('@duckdb/node-api');
  const described = await connection.runAndReadAll(
    'DESCRIBE SELECT * FROM read_parquet($1, hive_partitioning = false)',
    [literal],
  );
  const columns = (described.getRows() as [string, string][]).map(([name, type]) => ({ name, type }));
  assertNames(
    path,
    await topLevelNames(connection, literal),
    columns.map(({ name }) => name),
  );
  const binary = columns.filter(({ type }) => type.includes('BLOB')).map(({ name }) => name);
  // A row is named in SQL as no column is.
  let row = 'row_of_file';
  while (columns.some(({ name }) => name.toLowerCase() === row)) row += '_';
  return connection.stream(
    `SELECT to_json(${row}) FROM (
       SELECT COLUMNS(lambda name: NOT list_contains($2, name)) FROM read_parquet($1, hive_partitioning = false)
     ) ${row}`,
    [literal, listValue(binary)],
    [VARCHAR, LIST(VARCHAR)],
  );
}

async function countRows(connection: DuckDBConnection, literal: string): Promise<number> {
  const facts = await connection.runAndReadAll('SELECT num_rows FROM parquet_file_metadata($1)', [literal]);
  return Number(facts.getRows()[0][0]);
}

/** The columns as the file itself names them. */
async function topLevelNames(connection: DuckDBConnection, literal: string): Promise<string[]> {
  const schema = await connection.runAndReadAll('SELECT name, num_children FROM parquet_schema($1)', [
    literal,
  ]);
  const all = schema.getRows() as [string, bigint | null][];
  let at = 0;
  const skip = (): string => {
    const [name, children] = all[at++];
    for (let left = Number(children ?? 0); left > 0; left--) skip();
    return name;
  };
  const [[, count]] = all;
  at = 1;
  return Array.from({ length: Number(count ?? 0) }, skip);
}

/** @throws FileFormatError where the engine had to call a column otherwise than the file does */
function assertNames(path: string, own: readonly string[], given: readonly string[]): void {
  const other = own.find((name, i) => given[i] !== name);
  if (other === undefined && own.length === given.length) return;
  throw new FileFormatError({
    path,
    expected: 'columns with a name of their own, whatever the case',
    received: `the name '${other}' twice, among ${own.join(', ')}`,
  });
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n', 1)[0];
