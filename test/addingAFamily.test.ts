// docs/adding-a-family.md, followed to the letter in a copy of the repository.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtScratch } from './support/builtScratch.js';
import { follow } from './support/newOp.js';
import { testedCommands } from './support/scratchRepository.js';

const PAGE = 'docs/adding-a-family.md';
const FIXTURES = 'benchmarks/peers/fixtures';
const LIST = 'packages/engine/src/model/families/index.ts';

let scratch: ReturnType<typeof builtScratch>;
beforeAll(() => {
  scratch = builtScratch();
}, 120_000);
afterAll(() => scratch?.remove());

it('the file of the guide and one line of a list make a family that passes', () => {
  const [, path, code] = /^```ts (\S+)\n(.*?)^```$/ms.exec(readFileSync(PAGE, 'utf8'))!;
  writeFileSync(join(scratch.path, path), code);
  const list = readFileSync(join(scratch.path, LIST), 'utf8')
    .replace('import { smollm3 }', "import { seedOss } from './seedOss.js';\nimport { smollm3 }")
    .replace('  gemma3,\n];', '  gemma3,\n  seedOss,\n];');
  writeFileSync(join(scratch.path, LIST), list);
  cpSync(join(FIXTURES, 'guide/seed-oss'), join(scratch.path, FIXTURES, 'families/seed-oss'), {
    recursive: true,
  });
  const output = follow(scratch, testedCommands(PAGE));
  expect(output).toMatch(/Tests +5 passed/);
  follow(scratch, ['npx prettier --check packages/engine/src/model/families\n']);
});
