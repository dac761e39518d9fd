// docs/adding-a-kernel.md, followed to the letter in a copy of the repository: its op is built for the CPU and over the SIMT
// shim, and passes. Then an op of the same shape and signature and of other maths, and one like every op that can be
// followed. The copy is built from nothing, which is why this is no part of pnpm test.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cpuInfo } from '../native/index.mjs';
import { NewOpError } from '../scripts/newOp/name.mjs';
import { readLike } from '../scripts/newOp/like.mjs';
import { camel, readOps, snake } from '../scripts/opCatalog.mjs';
import { PATHS } from '../scripts/opPaths.mjs';
import { follow, guide } from './support/newOp.js';
import { scratchRepository } from './support/scratchRepository.js';

interface Op {
  stem: string;
  problems: object[];
}

const { name, commands } = guide({ long: true });
const paths = cpuInfo().paths.length;
/** Calls of a scaffold's cases, each in float32 and bf16. */
const SCAFFOLD = 4 * 2;
const LIKE = 3 * 2;
let scratch: ReturnType<typeof scratchRepository>;
beforeAll(() => {
  scratch = scratchRepository();
}, 120_000);
afterAll(() => scratch?.remove());

/** Tests that passed in each run of vitest; it is content with no test at all. */
const passed = (output: string) =>
  [...output.matchAll(/Tests +(\d+) passed/g)].map(([, count]) => Number(count));
const problemsOf = (stem: string) =>
  (readOps(scratch.path) as Op[]).filter((op) => op.stem.startsWith(stem)).map(({ problems }) => problems);
const casesOf = (names: string, project = "'!cuda'") =>
  `npx vitest run --project ${project} packages/engine/src/tensor/cases -t '${names}'\n`;

it('the guide makes an op that builds and passes', () => {
  const [cases, wrong, shim] = passed(follow(scratch, commands));
  expect([cases, shim]).toEqual([SCAFFOLD * paths, SCAFFOLD]);
  expect(wrong).toBeGreaterThan(100);
  expect(problemsOf(snake(name))).toEqual([[], []]);
});

it('two ops of one shape and signature work beside each other, optimised and not', () => {
  const other = 'negatedSquare';
  follow(scratch, [`pnpm new:op ${other}\n`]);
  const change = (path: string, ...changes: [string, string][]) => {
    let text = readFileSync(join(scratch.path, path), 'utf8');
    for (const [from, to] of changes) {
      expect(text).toContain(from);
      text = text.replaceAll(from, to);
    }
    writeFileSync(join(scratch.path, path), text);
  };
  change(
    `${PATHS.cpu}/${snake(other)}.cpp`,
    ['Set(Lanes(), scale)', 'Set(Lanes(), -scale)'],
    ['2 * scale', '-2 * scale'],
  );
  change(`${PATHS.cases}/${other}.ts`, ['scale * value', '-scale * value']);
  const both = casesOf(`${name}|${other}|swiglu`);
  const [optimised, plain] = passed(
    follow(scratch, [
      'pnpm build\n',
      both,
      '(cd native && npx cmake-js build -D -O build-debug)\n',
      'export SELFJUDGE_NATIVE_MODULE=$PWD/native/build-debug/Release/selfjudge_native.node\n',
      both,
    ]),
  );
  expect(optimised).toBeGreaterThan(2 * SCAFFOLD * paths);
  expect(plain).toBe(optimised);
});

it('an op like any other builds and passes, and the tree with it', () => {
  const followed = (readOps(scratch.path) as Op[])
    .map(({ stem }) => stem)
    .filter((stem) => {
      try {
        return readLike(scratch.path, stem) !== undefined;
      } catch (error) {
        if (error instanceof NewOpError) return false;
        throw error;
      }
    });
  expect(followed.length).toBeGreaterThan(12);
  // newOp.test.ts, which runs in this tree, makes ops of the names `like...` itself.
  const likes = followed.map((stem) => `also${camel(`_${stem}`)}`);
  const made = likes.map((like, i) => `pnpm new:op ${like} --like ${camel(followed[i])}\n`);
  const checks = [
    'packages/engine/src/wrongCalls.test.ts packages/engine/src/native/wrongCalls.test.ts',
    'test/ops.lint.test.ts test/opBench.test.ts test/newOp.test.ts',
  ];
  const output = follow(scratch, [
    ...made,
    'pnpm lint\n',
    'npx prettier --check packages benchmarks docs\n',
    'pnpm build\n',
    casesOf('also[A-Z]'),
    'export SELFJUDGE_CUDA_MODULE=$(node scripts/buildCuda.mjs simt)\n',
    casesOf('also[A-Z]', 'cuda'),
    'unset SELFJUDGE_CUDA_MODULE\n',
    `npx vitest run --project unit ${checks.join(' ')}\n`,
  ]);
  const [cpu, shim] = passed(output);
  expect([cpu, shim]).toEqual([likes.length * LIKE * paths, likes.length * LIKE]);
});
