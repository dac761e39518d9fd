// What the scripts that put faults into kernels make of a run of tests: only a test that fails has noticed one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cpuFaults } from '../scripts/cpuFaults.mjs';
import { FAMILIES, faults } from '../scripts/cudaFaults.mjs';
import { limitOf, outcomeOf, run } from '../scripts/mutants.mjs';

const backend = (name: string) => fileURLToPath(new URL(`../native/backends/${name}`, import.meta.url));
const ended = (status: number | null, output: string, timedOut = false) =>
  outcomeOf({ status, output, timedOut });
const DIED = 'Error: [vitest-pool]: Worker forks emitted error.\n\n Test Files   (1)\n      Tests   (2)\n';

it.each([
  ['passed', 0, ' Test Files  1 passed (1)\n      Tests  7 passed | 90 skipped (97)\n'],
  ['failed', 1, 'AssertionError: x\n+   "row 3 is off",\n      Tests  1 failed | 6 passed (7)\n'],
  ['failed', 1, DIED],
  ['no tests', 0, ' Test Files  1 skipped (1)\n      Tests  97 skipped (97)\n'],
  ['broken', 1, 'Error: cannot open\n Test Files  1 failed (1)\n      Tests  97 skipped (97)\n'],
  ['broken', 1, "Error: Cannot find module '/vitest.mjs'\n"],
])('%s at exit %i', (outcome, status, output) => {
  expect(ended(status, output)).toMatchObject({ outcome });
});

it('names the first problem, through the colours of a terminal', () => {
  expect(ended(1, '\u001b[31m+   "row 3 is off",\u001b[39m\n      Tests  1 failed (1)\n').why).toBe(
    'row 3 is off',
  );
  expect(ended(1, DIED).why).toBe('Worker forks emitted error.');
});

it('a run past its limit has failed in nothing, whatever it said before', async () => {
  const program = "console.log('      Tests  1 failed (1)'); setInterval(() => {}, 1000)";
  const result = await run(process.execPath, ['-e', program], { timeout: 1000 });
  expect(result).toMatchObject({ timedOut: true, output: expect.stringContaining('1 failed') as string });
  expect(outcomeOf(result).outcome).toBe('hangs');
});

it('the limit is several times what the unchanged sources take', () => {
  expect(limitOf(60)).toBeGreaterThan(4 * 60_000);
  expect(limitOf(0)).toBeGreaterThan(10_000);
});

it('every rule for CUDA finds its place', () => {
  const families: Record<string, { tests: string; rules?: unknown[][]; hostRules?: unknown[][] }> = FAMILIES;
  const found = new Set([...faults(backend('cuda'))].map(({ family, kind }) => `${family}: ${kind}`));
  const kinds = Object.entries(families).flatMap(([family, { rules = [], hostRules = [] }]) =>
    [...rules, ...hostRules].map(([kind]) => `${family}: ${String(kind)}`),
  );
  expect(kinds.filter((kind) => !found.has(kind))).toEqual([]);
});

it('every fault for the CPU finds its place', () => {
  expect(cpuFaults(backend('cpu')).length).toBeGreaterThan(0);
});

it('every place that is named as harmless, or as never ending, has its fault', () => {
  const url = new URL('../scripts/mutants.json', import.meta.url);
  const named = JSON.parse(readFileSync(url, 'utf8')) as Record<'file' | 'kind' | 'code', string>[];
  const key = (of: (typeof named)[number]) => `${of.file} ${of.kind}: ${of.code}`;
  const found = new Set([...faults(backend('cuda'))].map(key));
  expect(named.map(key).filter((one) => !found.has(one))).toEqual([]);
});
