import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who answers, by the folder of its run, and of whom there are tournaments. */
export const TRAININGS = ['sft', 'jsft', 'dpo', 'rso', 'self-train'];
export const TOURNAMENTS = ['jsft', 'self-train'];

/** Tokens of an answer at most, in training and in what is compared: 9% of SFT's answers to dev prompts are cut, at 128 14%. */
export const NEW_TOKENS = 192;
/** Answers that a tournament chooses from, the single one among them, to so many of the prompts. */
export const BEST_OF = 4;
export const BEST_OF_PROMPTS = 200;
/** Of the log-probability under the start, beside the judge's log-odds: the testbed's. */
export const REFERENCE_WEIGHT = 0.1;

export const readRows = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
export const writeRows = (path, rows) =>
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

/** What a tournament of a model chooses from: its answer and those drawn besides, a prompt each. */
export function candidates(folder, name) {
  const rows = (kind) => readRows(join(folder, 'answers', `${name}${kind}.jsonl`));
  const single = rows('');
  return rows('.more').map(({ prompt, completions }, i) => ({
    prompt,
    candidates: [single[i].completion, ...completions],
  }));
}
