// pnpm new:op: what it makes is typed, formatted and linted as it stands, its kernels compile, and it refuses names that
// cannot be. test/newOp.soak.test.ts builds it and runs its cases.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EDITS } from '../scripts/newOp/edits.mjs';
import { checkName } from '../scripts/newOp/name.mjs';
import { readOps, readPeers, snake } from '../scripts/opCatalog.mjs';
import { GUIDE, follow, guideName } from './support/newOp.js';
import { repository, scratchRepository, testedCommands } from './support/scratchRepository.js';

const require = createRequire(join(repository, 'package.json'));
const script = (name: string, path: string) => join(dirname(require.resolve(`${name}/package.json`)), path);

describe('the op of the guide', () => {
  const name = guideName();
  const stem = snake(name);
  let scratch: ReturnType<typeof scratchRepository>;
  let output: string;
  let files: string[];

  beforeAll(() => {
    scratch = scratchRepository();
    output = follow(scratch, testedCommands(GUIDE));
    files = [...output.matchAll(/^made +(\S+)$/gm)].map(([, path]) => path).concat(Object.keys(EDITS));
  }, 120_000);
  afterAll(() => scratch?.remove());

  const run = (command: string, args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: scratch.path, encoding: 'utf8' });
    expect(status, `${command} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  };

  it('has all an op has', () => {
    const ops = (readOps(scratch.path) as { stem: string; problems: object[] }[]).filter((op) =>
      op.stem.startsWith(stem),
    );
    expect(ops).toMatchObject([
      { stem, problems: [] },
      { stem: `${stem}_backward`, problems: [] },
    ]);
    expect(readPeers(scratch.path)).toContain(name);
  });

  it('names every place to edit', () => {
    const told = output.match(/^\S+:\d+: /gm)?.map((place) => place.slice(0, -2)) ?? [];
    const marked = files.flatMap((path) =>
      readFileSync(join(scratch.path, path), 'utf8')
        .split('\n')
        .flatMap((line, i) => (line.includes('EDIT:') ? [`${path}:${i + 1}`] : [])),
    );
    expect(told.length).toBeGreaterThan(6);
    expect(told).toEqual(marked);
  });

  it('is formatted, linted and typed', () => {
    const js = files.filter((path) => /\.(ts|mjs)$/.test(path));
    const cpp = files.filter((path) => /\.(h|cpp|cu)$/.test(path));
    run(process.execPath, [script('prettier', 'bin/prettier.cjs'), '--check', ...js]);
    run(process.execPath, [script('oxlint', 'bin/oxlint'), '--deny-warnings', ...js]);
    run('clang-format-15', ['--dry-run', '--Werror', ...cpp]);
    // The native package is typed by hand, so types need no build.
    run(process.execPath, [script('typescript', 'bin/tsc'), '-p', 'tsconfig.test.json']);
  }, 180_000);

  it('compiles for the CPU and over the shim without a warning', () => {
    const entries: { directory: string; command: string; file: string }[] = JSON.parse(
      readFileSync(join(repository, 'native/build/compile_commands.json'), 'utf8'),
    );
    const { directory, command } = entries.find(({ file }) => file.endsWith('/cpu/swiglu.cpp'))!;
    const [compiler, ...args] = command
      .replaceAll(dirname(directory), join(scratch.path, 'native'))
      .replaceAll('cpu/swiglu.cpp', `cpu/${stem}.cpp`)
      .replace(/ -o \S+/, '')
      .split(' ');
    run(compiler, [...args, '-fsyntax-only', '-Werror']);
    const shim = '-std=c++20 -fsyntax-only -Wall -Wextra -Werror -Wno-unknown-pragmas -x c++'.split(' ');
    run(compiler, [...shim, `native/backends/cuda/${stem}.cu`]);
  }, 180_000);

  it('is not made twice', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/newOp.mjs', name], {
      cwd: scratch.path,
      encoding: 'utf8',
    });
    expect(stderr).toContain(`[new:op] NAME: expected a new op, received ${name}, which is there`);
    expect(status).toBe(2);
  });
});

describe('a name that cannot be', () => {
  const files = (name: string, stem: string) => [
    `native/backends/cpu/${stem}.cpp`,
    `packages/testing/src/cases/${name}.ts`,
  ];
  it.each([
    [undefined, 'expected the name of an op in lowerCamelCase, received none'],
    ['', 'expected lowerCamelCase, as in scaledSquare, received '],
    ['scaled_square', 'expected lowerCamelCase, as in scaledSquare, received scaled_square'],
    ['ScaledSquare', 'expected lowerCamelCase, as in scaledSquare, received ScaledSquare'],
    ['scaledSQUARE', 'expected lowerCamelCase, as in scaledSquare, received scaledSQUARE'],
    ['../scaled', 'expected lowerCamelCase, as in scaledSquare, received ../scaled'],
    ['halveBackward', 'expected the name of a forward: its backward is made with it, received halveBackward'],
    ['float', 'expected a word that no language here reserves, received float'],
    ['threadLocal', 'expected a word that no language here reserves, received threadLocal'],
    ['rmsNorm', 'expected a new op, received rmsNorm, which is there (pnpm ops rmsNorm)'],
    ['castF32', 'expected a new op, received castF32, which is there (pnpm ops castF32)'],
    ['tidy', 'expected a name that packages/engine does not export, received tidy, which it does'],
    [
      'threadPool',
      'expected an op whose files are not there, received threadPool: native/backends/cpu/thread_pool.cpp is there',
    ],
  ])('%s', (name, message) => {
    expect(() => checkName(repository, name, files)).toThrow(
      expect.objectContaining({ message: `[new:op] NAME: ${message}`, code: 'SJ_WRONG_ARGUMENT' }),
    );
  });

  it('changes nothing', () => {
    const before = readFileSync(join(repository, 'native/include/ops.h'), 'utf8');
    const { status, stderr } = spawnSync(process.execPath, ['scripts/newOp.mjs', 'halve', 'double'], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^\[new:op\] NAME: expected one name, received halve double\nusage: pnpm new:op NAME\n/,
    );
    expect(readFileSync(join(repository, 'native/include/ops.h'), 'utf8')).toBe(before);
    expect(existsSync(join(repository, 'native/include/ops/halve.h'))).toBe(false);
  });
});
