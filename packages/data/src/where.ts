import { ConfigError, isError } from '@selfjudge/base';

import { isStandardInput } from '@selfjudge/base/internal';

import { dataFileParts, type ReadOptions } from './dataFile.js';
import { openDuckdb } from './duckdb.js';

/** All rows are held while they are asked, as the engine packs them. */
const MEMORY = 4 * 2 ** 30;

/**
 * The lines of a file on which an SQL condition (DuckDB's) on the columns of the file holds: `length(prompt) < 200 AND
 * source = 'wiki'`. Columns of several kinds of values are JSON. The engine has the rows alone: it reads and writes no file,
 * whatever the condition says.
 *
 * @throws ConfigError for what is no condition on these columns; what `readDataFile` throws
 */
export async function linesWhere(
  path: string,
  condition: string,
  options?: ReadOptions,
): Promise<ReadonlySet<number>> {
  if (isStandardInput(path))
    throw new ConfigError({
      key: 'where',
      expected: 'a file, which is read twice',
      received: 'the standard input',
    });
  const { connection, close } = await openDuckdb({ files: [], memory: MEMORY });
  const names = new Set<string>();
  try {
    await connection.run('CREATE TABLE of_file (line_of_file BIGINT, columns JSON)');
    const rows = await connection.createAppender('of_file');
    for await (const part of dataFileParts(path, options)) {
      for (const { line, columns } of part.rows) {
        for (const name of Object.keys(columns)) names.add(name);
        rows.appendBigInt(BigInt(line));
        rows.appendVarchar(JSON.stringify(columns));
        rows.endRow();
      }
    }
    rows.closeSync();
    if (names.size === 0) return new Set();
    const structure = await connection.runAndReadAll('SELECT json_group_structure(columns) FROM of_file');
    const select =
      'SELECT line_of_file FROM (SELECT line_of_file, unnest(from_json(columns, $1)) FROM of_file) WHERE';
    const query = `${select} (${condition}\n)`;
    if ((await connection.extractStatements(query)).count !== 1)
      throw wrongCondition(condition, names, 'several statements');
    // What is a condition only between parentheses closes and opens them itself.
    await connection.extractStatements(`${select} ${condition}\n`);
    const found = await connection.runAndReadAll(query, [structure.getRows()[0][0]]);
    return new Set(found.getRows().map(([line]) => Number(line)));
  } catch (error) {
    if (isError(error)) throw error;
    throw wrongCondition(condition, names, (error as Error).message.split('\n', 1)[0]);
  } finally {
    close();
  }
}

function wrongCondition(condition: string, names: ReadonlySet<string>, why: string): ConfigError {
  return new ConfigError({
    key: 'where',
    expected: `a condition in SQL on the columns ${[...names].join(', ')}`,
    received: `${condition}: ${why}`,
  });
}
