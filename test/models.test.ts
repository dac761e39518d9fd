// docs/models.md, which node scripts/models.mjs makes, tells of the families that there are.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAMILIES, REFUSED } from '@selfjudge/engine/internal';

const page = readFileSync('docs/models.md', 'utf8');
const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const lines = page.split('\n').filter((line) => line.startsWith('|'));

it('has a row of figures for every family, and its tiny models agree', () => {
  const rows = lines.map(cells).filter((row) => row.length === 9 && row[1].startsWith('`'));
  expect(rows.map(([, name]) => name.replaceAll('`', ''))).toEqual(FAMILIES.map(({ name }) => name));
  for (const [, , , models, logprobs, gradients, , , bits] of rows) {
    expect(Number(models)).toBeGreaterThan(0);
    expect(Number(logprobs)).toBeLessThan(1e-4);
    expect(Number(gradients)).toBeLessThan(1e-4);
    expect(bits).toBe('yes');
  }
});

it('counts the tiny models that there are', () => {
  const counted = lines
    .map(cells)
    .filter((row) => row.length === 9)
    .map((row) => Number(row[3]));
  const folders = readdirSync('benchmarks/peers/fixtures/families').filter((name) => !name.endsWith('.json'));
  expect(counted.filter(Number.isFinite).reduce((sum, n) => sum + n, 0)).toBe(folders.length);
});

it('names every family that is refused, and why', () => {
  for (const [name, reason] of REFUSED) {
    const row = lines.find((line) => line.includes(`\`${name}\``));
    expect(row).toContain(reason);
  }
});
