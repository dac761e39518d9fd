// Small inputs from public bug reports, each with its right answer: another folder's, where it lies beside the project.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const cases = fileURLToPath(new URL('../../shared/cases/run', import.meta.url));
const missing = !existsSync(cases)
  ? `no ${cases}`
  : process.env.PYTHON === undefined
    ? 'PYTHON names no interpreter with benchmarks/peers/requirements.txt'
    : undefined;
if (missing !== undefined) process.stdout.write(`tests on cases skipped: ${missing}\n`);

it.skipIf(missing !== undefined)('every case is right, or refused by its cause', () => {
  const { stdout, stderr, status } = spawnSync(cases, ['-q'], { cwd: root, encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('wrong'))).toEqual([]);
  expect(status, stderr).toBe(0);
  expect(lines.at(-1)).toMatch(/^(\d+) of \1 right$/);
});
