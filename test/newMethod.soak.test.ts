// docs/adding-a-method.md with its build, which is too long for pnpm test: the method is typed, a verb with help, and documented.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { follow } from './support/newOp.js';
import { builtScratch } from './support/builtScratch.js';
import { testedCommands } from './support/scratchRepository.js';

let scratch: ReturnType<typeof builtScratch>;
beforeAll(() => {
  scratch = builtScratch();
}, 120_000);
afterAll(() => scratch?.remove());

it('the whole guide makes a verb', () => {
  const output = follow(scratch, testedCommands('docs/adding-a-method.md', { long: true }));
  expect(output).toMatch(/--loss_scale <n> +what the mean loss is multiplied by/);
  expect(readFileSync(join(scratch.path, 'docs/configuration.md'), 'utf8')).toMatch(
    /`loss_scale` +\| `1` +\| a number above 0 +\| scaled-loss/,
  );
  expect(follow(scratch, ['node packages/selfjudge/dist/cli/main.js inspect --help\n'])).toMatch(
    /self-train,\s+scaled-loss,\s+judge/,
  );
  follow(scratch, ['npx tsc -p tsconfig.test.json --noEmit\n']);
});
