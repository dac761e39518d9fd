// pnpm new:op: what it makes is typed, formatted and linted as it stands, its kernels compile, and it refuses names that
// cannot be. test/newOp.soak.test.ts builds it and runs its cases.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EDITS } from '../scripts/newOp/edits.mjs';
import { readLike } from '../scripts/newOp/like.mjs';
import { checkName } from '../scripts/newOp/name.mjs';
import { readOps, readPeers, snake } from '../scripts/opCatalog.mjs';
import { withOpTable } from '../scripts/opTable.mjs';
import { PATHS } from '../scripts/opPaths.mjs';
import { follow, guide } from './support/newOp.js';
import { repository, scratchRepository } from './support/scratchRepository.js';

const require = createRequire(join(repository, 'package.json'));
const script = (name: string, path: string) => join(dirname(require.resolve(`${name}/package.json`)), path);

/** Made besides the guide's: like an op whose tensors and results may be absent. The soak makes one like every op. */
const LIKE = { likeRmsNorm: 'rmsNorm' };

describe('the op of the guide, and ops like others', () => {
  const { name, commands } = guide();
  const stem = snake(name);
  const stems = [stem, ...Object.keys(LIKE).map(snake)];
  let scratch: ReturnType<typeof scratchRepository>;
  let output: string;
  let files: string[];

  beforeAll(() => {
    scratch = scratchRepository();
    const likes = Object.entries(LIKE).map(([made, like]) => `pnpm new:op ${made} --like ${like}\n`);
    output = follow(scratch, [...commands, ...likes]);
    files = [...output.matchAll(/^made +(\S+)$/gm)].map(([, path]) => path).concat(Object.keys(EDITS));
  }, 120_000);
  afterAll(() => scratch?.remove());

  const run = (command: string, args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: scratch.path, encoding: 'utf8' });
    expect(status, `${command} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  };

  it('has all an op has', () => {
    const ops = (readOps(scratch.path) as { stem: string; problems: object[] }[]).filter((op) =>
      stems.includes(op.stem.replace(/_backward$/, '')),
    );
    expect(ops).toMatchObject(
      stems.flatMap((made) => [
        { stem: made, problems: [] },
        { stem: `${made}_backward`, problems: [] },
      ]),
    );
    expect(readPeers(scratch.path)).toContain(name);
  });

  it('names every place to edit', () => {
    const ops = [name, ...Object.keys(LIKE)];
    const isMarked = (path: string, line: string) =>
      path in EDITS ? ops.some((op) => line.includes(`EDIT: ${op}, `)) : line.includes('EDIT:');
    const told = output.match(/^\S+:\d+: /gm)?.map((place) => place.slice(0, -2)) ?? [];
    const marked = files.flatMap((path) =>
      readFileSync(join(scratch.path, path), 'utf8')
        .split('\n')
        .flatMap((line, i) => (isMarked(path, line) ? [`${path}:${i + 1}`] : [])),
    );
    expect(told.length).toBeGreaterThan(24);
    expect(new Set(told)).toEqual(new Set(marked));
    for (const made of ops) expect(output).toMatch(new RegExp(`^${PATHS.wrongCalls}:\\d+: ${made}, `, 'm'));
  });

  it('keeps the table of ops', () => {
    expect(withOpTable(scratch.path)).toBe(readFileSync(join(scratch.path, PATHS.guide), 'utf8'));
    for (const made of stems) expect(withOpTable(scratch.path)).toContain(`\`${made}\` \u2190`);
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
    for (const made of stems) {
      const [compiler, ...args] = command
        .replaceAll(dirname(directory), join(scratch.path, 'native'))
        .replaceAll('cpu/swiglu.cpp', `cpu/${made}.cpp`)
        .replace(/ -o \S+/, '')
        .split(' ');
      run(compiler, [...args, '-fsyntax-only', '-Werror']);
      const shim = '-std=c++20 -fsyntax-only -Wall -Wextra -Werror -Wno-unknown-pragmas -x c++'.split(' ');
      run(compiler, [...shim, `${PATHS.cuda}/${made}.cu`]);
    }
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

describe('an op that none can be made like', () => {
  it.each([
    ['swigluu', 'an op (pnpm ops lists them), such as swiglu', 'swigluu'],
    ['', 'an op (pnpm ops lists them)', 'none'],
    ['somethingElseAltogether', 'an op (pnpm ops lists them)', 'somethingElseAltogether'],
    ['swigluBackward', 'a forward: its backward is made with it', 'swigluBackward'],
    ['adamw', 'an op that makes new tensors', 'adamw, which writes param, m, v in place'],
  ])('%s', (like, expected, received) => {
    expect(() => readLike(repository, like)).toThrow(
      expect.objectContaining({
        message: `[new:op] --like: expected ${expected}, received ${received}`,
        code: 'SJ_WRONG_ARGUMENT',
      }),
    );
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
      /^\[new:op\] NAME: expected one name, received halve double\nusage: pnpm new:op NAME \[--like OP\]\n/,
    );
    expect(readFileSync(join(repository, 'native/include/ops.h'), 'utf8')).toBe(before);
    expect(existsSync(join(repository, 'native/include/ops/halve.h'))).toBe(false);
  });
});
