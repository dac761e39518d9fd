// Rows as long as those of HH's helpful ones: transcripts of three turns whose prompts have 362 characters in the middle and
// 1,486 at 95%, answers 150 and 600; of 200 rows one has two prompts, of 500 one an empty answer. Every word is drawn.
import { createRequire } from 'node:module';
import { statSync } from 'node:fs';

const require = createRequire(new URL('../../packages/data/package.json', import.meta.url));
const WORDS = 20_000;

/** @returns the bytes of the file */
export async function writeRows(file, rows) {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const uniform = (key) => `((hash(i * 64 + ${key}) >> 12) + 1) / 4503599627370497.0`;
  const normal = (key) => `sqrt(-2 * ln(${uniform(key)})) * cos(2 * pi() * ${uniform(key + 1)})`;
  // A word and its space are six characters in the middle.
  const count = (median, sigma, key) =>
    `greatest(1, least(1500, exp(ln(${median / 6}) + ${sigma} * ${normal(key)})))::INT`;
  const words = (n, key) =>
    `array_to_string(list_transform(range(${n}), lambda k: words[1 + (hash(i * 4096 + k * 8 + ${key}) % ${WORDS})::INT]), ' ')`;
  await connection.run(`CREATE TABLE vocabulary AS
    SELECT list(substr(md5(i::VARCHAR), 1, 2 + (hash(i) % 7)::INT) ORDER BY i) AS words FROM range(${WORDS}) t(i)`);
  await connection.run(`COPY (
    SELECT prompt || answer AS chosen,
      CASE WHEN i % 200 = 7 THEN replace(prompt, 'Human:', 'Human: no,') ELSE prompt END
        || CASE WHEN i % 500 = 9 THEN '' ELSE other END AS rejected
    FROM (
      SELECT i, ${words(count(150, 0.84, 2), 1)} AS answer, ${words(count(140, 0.84, 4), 2)} AS other,
        chr(10) || chr(10) || 'Human: ' || i || ' ' || ${words(count(120, 0.9, 6), 3)} || chr(10) || chr(10) || 'Assistant: '
          || ${words(count(150, 0.84, 8), 4)} || chr(10) || chr(10) || 'Human: ' || ${words(count(60, 0.9, 10), 5)}
          || chr(10) || chr(10) || 'Assistant: ' AS prompt
      FROM range(${rows}) t(i), vocabulary
    )
  ) TO '${file}' (FORMAT parquet, COMPRESSION snappy)`);
  connection.closeSync();
  instance.closeSync();
  return statSync(file).size;
}
