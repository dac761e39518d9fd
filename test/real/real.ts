// What the tests on real weights share.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { inject } from 'vitest';
import { Model, TreeBatch, type ModelView } from '@selfjudge/engine';
import { type Message } from '@selfjudge/text';

export const weights = inject('weights');
export const hh = inject('hh');
export const root = fileURLToPath(new URL('../..', import.meta.url));

export function loadReal(dtype: 'float32' | 'bf16' = 'float32'): Promise<Model> {
  return Model.load(weights, { dtype });
}

/** What a script under benchmarks/peers wrote. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(`${root}/benchmarks/peers/fixtures/${name}`, 'utf8')) as T;
}

export interface HhRow {
  chosen: string;
  rejected: string;
}

/** The first rows of the HH file; [] without it. */
export function hhRows(count: number): HhRow[] {
  if (hh === '') return [];
  const lines = gunzipSync(readFileSync(hh)).toString('utf8').split('\n', count);
  return lines.map((line) => JSON.parse(line) as HhRow);
}

/** The digest of benchmarks/peers/common.py. */
export function digest(numbers: ArrayLike<number>): string {
  return createHash('sha256').update(Array.from(numbers).join(',')).digest('hex').slice(0, 16);
}

/** Log-probabilities of all tokens but the first. */
export async function tokenLogprobs(view: ModelView, ids: readonly number[]): Promise<Float32Array> {
  return view.score(TreeBatch.from([{ tokens: ids, targets: [[1, ids.length]] }]));
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i])), 0);
}

/** Puts a measured figure beside the tests' own lines. */
export function figure(what: string, value: number): void {
  process.stdout.write(`  ${what}: ${value.toExponential(1)}\n`);
}

/** Rows of test/data/preferences.jsonl. */
export const preferences = readFileSync(`${root}/test/data/preferences.jsonl`, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as { prompt: Message[]; chosen: Message[]; rejected: Message[] });
