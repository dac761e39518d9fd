// A million rows for the bench. Made ones are as long as those of HH's helpful ones: transcripts of three turns whose prompts
// have 362 characters in the middle and 1,486 at 95%, answers 150 and 600, every word drawn; of 200 rows one has two prompts,
// of 500 one an empty answer. Or rows of a file of {chosen, rejected} transcripts over and over, each with a number in its first
// question. Of 40 rows one says what the row before it says.
import { createRequire } from 'node:module';
import { statSync } from 'node:fs';

const require = createRequire(new URL('../../packages/data/package.json', import.meta.url));
const WORDS = 20_000;
/** One of so many rows is in the named set. */
const NAMED = 5_000;

/**
 * Writes `rows` rows as Parquet, and as JSONL the ones of the set that nothing of may be left.
 * @param from JSONL, also in gzip, of transcripts to make them of; undefined for drawn words
 * @returns the bytes of the file
 */
export async function writeRows({ file, against, rows, from }) {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`CREATE VIEW numbers AS SELECT i - (i % 40 = 39)::INT AS i FROM range(${rows}) t(i)`);
  await (from === undefined ? drawnRows(connection) : rowsOfFile(connection, from));
  await connection.run(`COPY made TO '${file}' (FORMAT parquet, COMPRESSION snappy)`);
  await connection.run(
    `COPY (SELECT * FROM read_parquet('${file}', file_row_number = true) WHERE file_row_number % ${NAMED} = 11)
     TO '${against}' (FORMAT json)`,
  );
  connection.closeSync();
  instance.closeSync();
  return statSync(file).size;
}

async function rowsOfFile(connection, from) {
  await connection.run(
    `CREATE TABLE source AS SELECT row_number() OVER () - 1 AS n, chosen, rejected FROM read_json('${from.replaceAll("'", "''")}')`,
  );
  const numbered = (column) =>
    `regexp_replace(${column}, '^\\s*Human: ?', chr(10) || chr(10) || 'Human: ' || i || ' ')`;
  await connection.run(`CREATE VIEW made AS
    SELECT ${numbered('chosen')} AS chosen, ${numbered('rejected')} AS rejected
    FROM numbers JOIN source ON n = i % (SELECT count(*) FROM source)`);
}

async function drawnRows(connection) {
  const uniform = (key) => `((hash(i * 64 + ${key}) >> 12) + 1) / 4503599627370497.0`;
  const normal = (key) => `sqrt(-2 * ln(${uniform(key)})) * cos(2 * pi() * ${uniform(key + 1)})`;
  // A word and its space are six characters in the middle.
  const count = (median, sigma, key) =>
    `greatest(1, least(1500, exp(ln(${median / 6}) + ${sigma} * ${normal(key)})))::INT`;
  const words = (n, key) =>
    `array_to_string(list_transform(range(${n}), lambda k: words[1 + (hash(i * 4096 + k * 8 + ${key}) % ${WORDS})::INT]), ' ')`;
  await connection.run(`CREATE TABLE vocabulary AS
    SELECT list(substr(md5(i::VARCHAR), 1, 2 + (hash(i) % 7)::INT) ORDER BY i) AS words FROM range(${WORDS}) t(i)`);
  await connection.run(`CREATE VIEW made AS
    SELECT prompt || answer AS chosen,
      CASE WHEN i % 200 = 7 THEN replace(prompt, 'Human:', 'Human: no,') ELSE prompt END
        || CASE WHEN i % 500 = 9 THEN '' ELSE other END AS rejected
    FROM (
      SELECT i, ${words(count(150, 0.84, 2), 1)} AS answer, ${words(count(140, 0.84, 4), 2)} AS other,
        chr(10) || chr(10) || 'Human: ' || i || ' ' || ${words(count(120, 0.9, 6), 3)} || chr(10) || chr(10) || 'Assistant: '
          || ${words(count(150, 0.84, 8), 4)} || chr(10) || chr(10) || 'Human: ' || ${words(count(60, 0.9, 10), 5)}
          || chr(10) || chr(10) || 'Assistant: ' AS prompt
      FROM numbers, vocabulary
    )`);
}
