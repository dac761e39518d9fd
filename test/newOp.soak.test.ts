// docs/adding-a-kernel.md, followed to the letter in a copy of the repository: its op is built for the CPU and over the SIMT
// shim, and passes. The copy is built from nothing, which is why this is no part of pnpm test.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cpuInfo } from '../native/index.mjs';
import { readOps, snake } from '../scripts/opCatalog.mjs';
import { GUIDE, follow, guideName } from './support/newOp.js';
import { scratchRepository, testedCommands } from './support/scratchRepository.js';

const name = guideName();
let scratch: ReturnType<typeof scratchRepository>;
beforeAll(() => {
  scratch = scratchRepository();
}, 120_000);
afterAll(() => scratch?.remove());

it('the guide makes an op that builds and passes', () => {
  const output = follow(scratch, testedCommands(GUIDE, { long: true }));
  // One run on the paths of the CPU and one over the shim; vitest is content with no test at all.
  const cases = 8;
  const passed = [...output.matchAll(/Tests +(\d+) passed/g)].map(([, count]) => Number(count));
  expect(passed).toEqual([cases * cpuInfo().paths.length, cases]);
  const op = (readOps(scratch.path) as { stem: string; problems: object[] }[]).filter(({ stem }) =>
    stem.startsWith(snake(name)),
  );
  expect(op.map(({ problems }) => problems)).toEqual([[], []]);
});
