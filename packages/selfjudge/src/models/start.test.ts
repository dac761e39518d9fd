import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startOf } from './start.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-start-'));
afterAll(() => rmSync(dir, { recursive: true }));
const start = join(dir, 'start');
mkdirSync(start);

/** Weights of a run of a verb, in its final/ or a checkpoint. */
function weights(verb: string, part: string, from = start): string {
  const run = join(dir, `${verb}-${part.replace('/', '-')}`);
  mkdirSync(join(run, part), { recursive: true });
  writeFileSync(join(run, 'config.yaml'), `verb: ${verb}\nmodel_name_or_path: ${from}\n`);
  return join(run, part);
}

it.each(['dpo', 'kto', 'self-train', 'self-train-offline', 'rso', 'rest', 'raft'])(
  'is what %s trained beside, of its result and of a checkpoint',
  (verb) => {
    for (const part of ['final', 'checkpoints/step-3']) expect(startOf(weights(verb, part))).toBe(start);
  },
);

it.each(['sft', 'jsft', 'reward'])(
  'is nothing where %s held to nothing, nor of weights of no run',
  (verb) => {
    expect(startOf(weights(verb, 'final'))).toBeUndefined();
    expect(startOf(start)).toBeUndefined();
  },
);

it('is told to be named where it is gone', () => {
  const of = weights('dpo', 'final', join(dir, 'gone'));
  expect(() => startOf(of)).toThrow(/a run whose start is still there.*received .*gone[^]*--start PATH/);
});
