import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import { type ModelConfig } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';

/** Two layers of width 32 over bytes, saved as a Hugging Face folder: what the command line is tested on. */
export async function saveTinyModel(
  folder: string,
  {
    seed = 1,
    words = [' A', ' B'],
    config = {},
  }: { seed?: number; words?: string[]; config?: Partial<ModelConfig> } = {},
): Promise<string> {
  const model = byteModel({ seed, config, tokenizer: byteTokenizer({ words }) });
  await model.save(folder);
  model.dispose();
  return folder;
}

const TOPICS = [
  'tea',
  'rain',
  'snow',
  'bread',
  'salt',
  'milk',
  'wood',
  'iron',
  'silk',
  'corn',
  'rice',
  'sand',
];

/** Preferences with labels and rationales of every kind that a shipped judge template asks for. */
export function preferenceRows(): object[] {
  return TOPICS.map((topic, i) => ({
    prompt: i % 2 === 0 ? `What is ${topic}?` : [{ role: 'user', content: `Say ${topic}.` }],
    chosen: `It is ${topic}.`,
    rejected: `No idea.`,
    labels: { instruction_following: 'chosen', truthfulness: i % 3 === 0 ? 'rejected' : 'chosen' },
    rationales: { overall: { chosen: `Says ${topic}.`, rejected: 'Says nothing.' } },
  }));
}

/** Writes rows as JSONL and returns the path. */
export function writeRows(folder: string, name: string, rows: readonly (object | string)[]): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const lines = rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)));
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}
