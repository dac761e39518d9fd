import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, start, temporaryFolder } from './support/cli.js';
import { saveTinyModel } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const merge = (line: string) => run(['merge', ...line.split(' ')], { cwd });

beforeAll(() => saveTinyModel(join(cwd, 'model')));
afterAll(remove);

it('merge writes a model, says how far it is from what was merged, and prints the result', async () => {
  const { code, stdout, stderr } = await merge('-m model -o merged --dtype bf16 --json');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^log-probabilities of three texts: \S+ apart on average, \S+ at most, over \d+ \(computed/m,
  );
  const { fingerprint } = JSON.parse(stdout) as { fingerprint: string };
  expect(stderr).toContain(`weights: fingerprint ${fingerprint}, as written and as read again`);
  expect(stderr).toMatch(/^done: merged, \S+ KB in bf16, 1 file$/m);
  const record = JSON.parse(readFileSync(join(cwd, 'merged/merge.json'), 'utf8')) as object;
  expect(record).toMatchObject({ fingerprint, files: ['model.safetensors'] });
});

it('merge refuses what it will not write with exit code 2, and leaves nothing when it is stopped', async () => {
  const { code, stderr } = await merge('-m model -o model');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: output_dir: expected a folder apart/)]);
  const running = start('merge -m model -o stopped'.split(' '), { cwd });
  await running.until(/reading what is merged/);
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(ended.code === 130 || existsSync(join(cwd, 'stopped'))).toBe(true);
  expect(readdirSync(cwd).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
