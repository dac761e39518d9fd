import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, readJsonObject } from '@selfjudge/base';
import type { PromptFormat, Text } from '@selfjudge/data';
import { firstUserTurn } from '@selfjudge/data/internal';
import { runOf } from './runOf.js';

const FILE = 'training_data.json';

/** What weights remember of the rows they were trained on, beside them. */
export interface TrainingData {
  /** What a string prompt was. */
  promptFormat: PromptFormat;
  /** Keys of all prompts of the run and of those before it; absent where nobody wrote them down. */
  prompts?: ReadonlySet<string>;
}

/** What prompts are told apart by: 64 bits of the SHA-256 of their first user turn, as splits see it. */
export const promptKey = (prompt: Text): string =>
  createHash('sha256').update(firstUserTurn(prompt), 'utf8').digest('hex').slice(0, 16);

/**
 * What the weights at `path` were trained on; undefined for those that no run of ours made.
 * @throws FileFormatError when the file beside them is damaged
 */
export function readTrainingData({ path }: { path: string }): TrainingData | undefined {
  const file = join(path, FILE);
  if (existsSync(file)) return parse(file, readJsonObject(file));
  // Before the file was written a string was one user turn, in every run.
  return runOf(path) === undefined ? undefined : { promptFormat: 'chat' };
}

/** Written beside weights, where the next run, and everybody who uses them, finds it. */
export function saveTrainingData({ promptFormat, prompts }: TrainingData, folder: string): void {
  const content = { prompt_format: promptFormat, ...(prompts && { prompts: [...prompts].sort() }) };
  writeFileSync(join(folder, FILE), `${JSON.stringify(content)}\n`);
}

/** Takes it along to the same weights in another folder. */
export function carryTrainingData(from: string, folder: string): void {
  const source = join(from, FILE);
  if (existsSync(source)) copyFileSync(source, join(folder, FILE));
}

/** What a string prompt is. @param given `auto`: what it was when the weights were trained, else TRL's standard text */
export function resolvePromptFormat(given: PromptFormat | 'auto', at: { path: string }): PromptFormat {
  return given === 'auto' ? (readTrainingData(at)?.promptFormat ?? 'standard') : given;
}

function parse(path: string, content: Record<string, unknown>): TrainingData {
  const { prompt_format: format, prompts } = content;
  const known = format === 'standard' || format === 'chat';
  if (!known || !(prompts === undefined || (Array.isArray(prompts) && prompts.every(isKey))))
    throw new FileFormatError({
      path,
      expected: "prompt_format ('standard' or 'chat') and prompts (a list of keys)",
      received: content,
      advice: 'without the file the weights can be used; what they were trained on is not known then',
    });
  return { promptFormat: format, ...(prompts !== undefined && { prompts: new Set(prompts as string[]) }) };
}

const isKey = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
