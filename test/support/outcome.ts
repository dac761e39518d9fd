import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rowsOf } from './cli.js';

/** What depends on when a run was stopped: time, and the work beside the method's own. */
const INCIDENTAL = /^time\/|^step_time$|^(flops|bytes)\/(eval|checkpoint|other)$/;

const ADAPTER = 'final/adapter_model.safetensors';

/** What a run ends with, but for the time it took. */
export function outcome(folder: string) {
  const metrics = rowsOf(readFileSync(join(folder, 'metrics.jsonl'), 'utf8'));
  const samples = join(folder, 'samples');
  const { status, step, bestStep, numTokens } = JSON.parse(
    readFileSync(join(folder, 'summary.json'), 'utf8'),
  ) as Record<string, unknown>;
  return {
    weights: digest(join(folder, existsSync(join(folder, ADAPTER)) ? ADAPTER : 'final/model.safetensors')),
    metrics: metrics.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([key]) => !INCIDENTAL.test(key))),
    ),
    summary: { status, step, bestStep, numTokens },
    samples: existsSync(samples)
      ? readdirSync(samples).map((name) => [name, digest(join(samples, name))])
      : [],
    leftOver: leftOver(folder),
  };
}

/** Temporary files and locks under a folder. */
export const leftOver = (folder: string) =>
  readdirSync(folder, { recursive: true }).filter((name) => /\.tmp$|run\.lock/.test(String(name)));

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
