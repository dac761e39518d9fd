// docs/adding-a-method.md, followed to the letter in a copy of the repository.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { follow } from './support/newOp.js';
import { builtScratch } from './support/builtScratch.js';
import { testedCommands } from './support/scratchRepository.js';

let scratch: ReturnType<typeof builtScratch>;
beforeAll(() => {
  scratch = builtScratch();
}, 120_000);
afterAll(() => scratch?.remove());

it('the guide makes a method that trains, resumes and passes', () => {
  const output = follow(scratch, testedCommands('docs/adding-a-method.md'));
  expect(output).toMatch(/Tests +3 passed/);
  const places = [...output.matchAll(/^(packages\S+\.ts):(\d+): (.+)$/gm)];
  expect(places.length).toBeGreaterThan(3);
  for (const [, path, line] of places)
    expect(readFileSync(join(scratch.path, path), 'utf8').split('\n')[Number(line) - 1]).toContain('EDIT: ');
  follow(scratch, ['npx prettier --check packages/training/src/methods\n']);
  expect(readFileSync(join(scratch.path, 'packages/training/src/methods/index.ts'), 'utf8')).toContain(
    "'scaled-loss': scaledLoss",
  );
});

it.each([
  ['Scaled', /lowerCamelCase/],
  ['sft', /files are not there, received sft/],
])('refuses the name %s', (name, why) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/newMethod.mjs', name], {
    cwd: scratch.path,
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(why);
});
