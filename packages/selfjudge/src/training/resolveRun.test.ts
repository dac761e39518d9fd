import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resolveRun } from './resolveRun.js';

const runOf = (split?: string): string => {
  const dir = mkdtempSync(join(tmpdir(), 'selfjudge-run-'));
  if (split !== undefined) writeFileSync(join(dir, 'config.yaml'), `verb: sft\ndataset_split: ${split}\n`);
  return dir;
};
const splitOf = (output_dir: string, more = {}) =>
  resolveRun('sft', { flags: { model_name_or_path: 'm', dataset_name: 'd', output_dir, ...more } })
    .dataset_split;

it('goes on with the split that the run began with', () => {
  expect(splitOf(runOf())).toBe('all');
  expect(splitOf(runOf('train'))).toBe('train');
  expect(splitOf(runOf('all'))).toBe('all');
});

it('takes what is asked for, which another run is refused for', () => {
  expect(splitOf(runOf('train'), { dataset_split: 'all' })).toBe('all');
});
