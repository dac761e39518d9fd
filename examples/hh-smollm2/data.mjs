// The rows of the example, in files that share no question: every method learns from the labels or the prompts of `train`, the
// outside judge from the pairs of `judge`, choices are made on `dev`, figures are of `test`.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPreferences } from '../../packages/selfjudge/dist/index.js';
import { splitOf } from '../../packages/data/dist/index.js';

/** Of questions, by hash, as everywhere; in other shares, as 400 held-out prompts are asked for. */
const FRACTIONS = { train: 0.42, self: 0.22, dev: 0.06, test: 0.3 };
/** `self` is no split here: every method trains on the prompts of `train`, as the paper does. */
const FILES = { train: 'train', self: 'judge', dev: 'dev', test: 'test' };
/** Characters. Of short answers the policy learns to end before it is cut. */
const PROMPT = 600;
const ANSWER = 400;
/** Prompts of the harmless file. */
const HARMLESS = 100;

const characters = (prompt) => prompt.reduce((sum, { content }) => sum + content.length, 0);
export const linesOf = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/**
 * Writes train.jsonl, judge.jsonl, dev.jsonl, test.jsonl and, where there is one, harmless.jsonl into a folder.
 * @param {string} folder
 * @param {string[]} files HH transcripts
 * @param {string} [harmless] HH transcripts, of which the first prompts are answered: many ask for what should be refused
 * @returns {Promise<Record<string, string>>} the path of each file by its name
 * @throws Error where a file is there and holds other rows
 */
export async function prepare(folder, files, harmless) {
  const parts = { train: [], judge: [], dev: [], test: [] };
  for (const file of files)
    for (const { prompt, chosen, rejected } of (await loadPreferences(file, { promptFormat: 'chat' })).rows) {
      const part = FILES[splitOf(prompt, FRACTIONS)];
      const answers = part === 'test' || Math.max(chosen.length, rejected.length) <= ANSWER;
      if (part === 'judge' || (characters(prompt) <= PROMPT && answers))
        parts[part].push({ prompt, chosen, rejected });
    }
  if (harmless !== undefined) {
    const { rows } = await loadPreferences(harmless, { promptFormat: 'chat' });
    parts.harmless = rows
      .filter(({ prompt }) => characters(prompt) <= PROMPT)
      .slice(0, HARMLESS)
      .map(({ prompt, chosen }) => ({ prompt, chosen }));
  }
  mkdirSync(folder, { recursive: true });
  const paths = {};
  for (const [name, rows] of Object.entries(parts)) {
    paths[name] = join(folder, `${name}.jsonl`);
    keep(paths[name], linesOf(rows));
  }
  return paths;
}

/** Writes a file that is not there; one that holds other rows is of another run. */
export function keep(path, text) {
  if (!existsSync(path)) return writeFileSync(path, text);
  const digest = (of) => createHash('sha256').update(of).digest('hex').slice(0, 12);
  const [here, asked] = [digest(readFileSync(path)), digest(text)];
  if (here === asked) return undefined;
  throw new Error(
    `${path} holds other rows (${here}) than the files given now (${asked}): give another --output`,
  );
}
