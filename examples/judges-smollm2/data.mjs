// The pairs of each set, in files that share no question: what is taught, what teaches the outside judge, what figures are of.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../packages/base/dist/index.js';
import { loadPreferences } from '../../packages/selfjudge/dist/index.js';
import { splitOf } from '../../packages/data/dist/index.js';
import { messagesOf, readDataFile } from '../../packages/data/dist/internal.js';
import { keep, linesOf } from '../hh-smollm2/data.mjs';
import { SETS, TAUGHT, TESTED } from './settings.mjs';

const PARTS = { train: 'train', self: 'outside', test: 'test' };
const MOST = { train: TAUGHT, outside: TAUGHT, test: TESTED };
const charactersOf = ({ prompt, chosen, rejected }) =>
  prompt.reduce((sum, { content }) => sum + content.length, chosen.length + rejected.length);

/**
 * Writes SET.train.jsonl, SET.outside.jsonl and SET.test.jsonl of each set into a folder, each pair with what others say of it.
 * @param given files: `helpful`, `harmless`, `pandalm`, `ultra` of pairs; `reasons` of what GPT-3.5 says of PandaLM's, `flips` of which labels
 *   of UltraFeedback a study turned, line by line
 * @returns {Promise<Record<string, string>>} the path of each file by its name
 * @throws Error where a file is there and holds other rows, or lines do not belong together
 */
export async function prepare(folder, given) {
  const beside = {
    helpful: () => ({}),
    harmless: () => ({}),
    pandalm: await besidePandaLm(given),
    ultra: await besideUltra(given),
  };
  mkdirSync(folder, { recursive: true });
  const paths = {};
  for (const [set, { characters, shares }] of Object.entries(SETS)) {
    const { rows } = await loadPreferences(given[set], { promptFormat: 'chat' });
    const parts = Object.fromEntries(Object.values(PARTS).map((part) => [part, []]));
    for (const { prompt: text, chosen, rejected, place } of rows) {
      const prompt = messagesOf(text);
      const row = { prompt, chosen, rejected };
      if (charactersOf(row) > characters || chosen === '' || rejected === '') continue;
      const line = Number(place.slice(place.lastIndexOf(':') + 1));
      parts[PARTS[splitOf(prompt, shares)]].push({ ...row, ...beside[set](line, row) });
    }
    for (const [part, all] of Object.entries(parts)) {
      if (all.length === 0) continue;
      const path = join(folder, `${set}.${part}.jsonl`);
      keep(path, linesOf(all.slice(0, MOST[part])));
      paths[`${set}.${part}`] = path;
    }
  }
  return paths;
}

/** Columns of each line of a file, as they stand there. */
async function linesIn(path) {
  const { rows } = await readDataFile(path);
  return new Map(rows.map(({ line, columns }) => [line, columns]));
}

/** @throws Error where two files do not say the same of a line */
function assertSame(key, line, one, other) {
  if (String(one?.[key]) !== String(other?.[key]))
    throw new Error(
      `line ${line}: expected one ${key} in both files, received ${one?.[key]} and ${other?.[key]}`,
    );
}

/** What GPT-3.5 says of a pair: which answer is better, where it says so, and why, where it says the same as people. */
async function besidePandaLm({ pandalm, reasons }) {
  const [asked, said] = [await linesIn(pandalm), await linesIn(reasons)];
  return (line, { chosen }) => {
    const [pair, other] = [asked.get(line), said.get(line)];
    assertSame('idx', line, pair, other);
    const { gpt_result: winner, gpt_reason: reason } = other;
    if (winner !== '1' && winner !== '2') return {};
    const ai = (winner === '1') === (chosen === pair.response1) ? 'chosen' : 'rejected';
    const why = ai === 'chosen' ? becauseOf(reason, winner) : undefined;
    return { ai, ...(why !== undefined && { reason: why }) };
  };
}

/** A reason that holds in whichever order answers are shown: they are called the better and the other one. */
export function becauseOf(reason, winner) {
  const text = reason
    .trim()
    .replace(/^Response [12] is (clearly |slightly )?better (because|as|since) /i, '')
    .replaceAll(/\bResponse ([12])\b/gi, (_, name) =>
      name === winner ? 'the better response' : 'the other response',
    );
  return text === '' ? undefined : text;
}

async function besideUltra({ ultra, flips }) {
  const [asked, turned] = [await linesIn(ultra), await linesIn(flips)];
  return (line) => {
    assertSame('source_index', line, asked.get(line), turned.get(line));
    return { isFlipped: turned.get(line).flipped };
  };
}

/** The pairs that a cell is taught by. @param labels `people`, `ai`, `flips`, or how many of 100 labels are turned, those of fewer among them */
export function labelled(rows, labels, seed) {
  const random = new Random(seed);
  return rows.flatMap(({ prompt, chosen, rejected, ai, reason, isFlipped }) => {
    const chance = random.uniform();
    if (labels === 'ai' && ai === undefined) return [];
    const isTurned =
      labels === 'ai'
        ? ai === 'rejected'
        : labels === 'flips'
          ? isFlipped
          : labels !== 'people' && 100 * chance < labels;
    const [better, worse] = isTurned ? [rejected, chosen] : [chosen, rejected];
    const rationales = !isTurned && reason !== undefined && { rationales: { overall: reason } };
    return [{ prompt, chosen: better, rejected: worse, ...rationales }];
  });
}
