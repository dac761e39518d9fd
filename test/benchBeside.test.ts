// pnpm bench: another checkout in turns with this one, an earlier file, and what the command line gets wrong.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { besideOf, ours, verdict, verdictLine } from '../benchmarks/beside.mjs';
import { repository } from './support/scratchRepository.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-beside-'));
const other = join(folder, 'other');
afterAll(() => rmSync(folder, { recursive: true }));

function bench(...args: string[]) {
  const run = spawnSync(process.execPath, ['benchmarks/bench.mjs', ...args], {
    cwd: repository,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** A bench of another checkout: tells of its process, and knows no op but feedTokens. */
const SERVER = `import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const { op } = JSON.parse(line);
  if (op !== 'feedTokens') throw new TypeError('no ' + op);
  console.log(JSON.stringify({ seconds: 1e-3, file: process.argv[1], args: process.argv.slice(2) }));
}`;

const FILES: Record<string, string> = {
  'package.json': '{ "name": "selfjudge-repo" }',
  'node_modules/.modules.yaml': '',
  'native/core/core.cpp': '',
  'native/build/Release/selfjudge_native.node': '',
  'packages/core/tsconfig.json': '{ "compilerOptions": { "tsBuildInfoFile": "dist/.tsbuildinfo" } }',
  'packages/core/src/index.ts': '',
  'packages/core/dist/.tsbuildinfo': '',
  'benchmarks/ops/ours.mjs': SERVER,
};
const git = (...args: string[]) =>
  spawnSync('git', ['-C', other, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' })
    .stdout;

describe('--beside', () => {
  beforeEach(() => {
    rmSync(other, { recursive: true, force: true });
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(other, file)), { recursive: true });
      writeFileSync(join(other, file), text);
    }
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'one');
  });

  it.each(['node_modules', 'native/build/Release/selfjudge_native.node', 'packages/core/dist/.tsbuildinfo'])(
    'refuses a checkout without %s, and says how it is built',
    (missing) => {
      rmSync(join(other, missing), { recursive: true });
      expect(() => besideOf(other)).toThrow(
        `--beside: ${other} is not built: ${missing} is missing; build it: cd ${other} && pnpm install && pnpm build`,
      );
    },
  );

  it.each([
    ['native/core/core.cpp', 'native/build/Release/selfjudge_native.node'],
    ['packages/core/src/index.ts', 'packages/core/dist/.tsbuildinfo'],
  ])('refuses a checkout whose %s was changed after its build', (source, built) => {
    const later = Date.now() / 1000 + 60;
    utimesSync(join(other, source), later, later);
    expect(() => besideOf(other)).toThrow(`is not built: ${source} is newer than ${built}; build it`);
  });

  it('refuses what is no checkout of this project', () => {
    expect(() => besideOf(folder)).toThrow(
      `--beside: expected a checkout of this project, received ${folder}`,
    );
    rmSync(join(other, '.git'), { recursive: true });
    expect(() => besideOf(other)).toThrow(`--beside: expected a git checkout, received ${other}`);
  });

  it('names the commit, and whether files differ from it', () => {
    const commit = git('rev-parse', 'HEAD').trim();
    expect(besideOf(other)).toMatchObject({
      name: `selfjudge ${commit.slice(0, 10)}`,
      checkouts: { other: { commit, dirty: false } },
    });
    writeFileSync(join(other, 'benchmarks/ops/ours.mjs'), `${SERVER}\n`);
    expect(besideOf(other)).toMatchObject({
      name: `selfjudge ${commit.slice(0, 10)} with changes`,
      checkouts: { other: { commit, dirty: true } },
    });
  });

  it('runs the ours.mjs of the other checkout', async () => {
    const sides = ours('ops', ['cpu'], besideOf(other));
    expect(await sides[1].ask({ op: 'feedTokens' })).toMatchObject({
      file: join(other, 'benchmarks/ops/ours.mjs'),
      args: ['cpu'],
    });
    await Promise.all(sides.map((side) => side.close()));
  });

  it('refuses an environment that would have both load one build', () => {
    process.env.SELFJUDGE_NATIVE_MODULE = 'one';
    expect(() => besideOf(other)).toThrow('SELFJUDGE_NATIVE_MODULE names one; unset it');
    delete process.env.SELFJUDGE_NATIVE_MODULE;
  });

  it('measures both, and writes what is beside what; one round tells nothing', () => {
    const json = join(folder, 'beside.json');
    const args = ['--op', 'feedTokens', '--rounds', '1', '--json', json];
    const { code, out, err } = bench('ops', '--beside', other, ...args);
    expect(err).toContain('feedTokens');
    const { results, ...about } = JSON.parse(readFileSync(json, 'utf8'));
    const { name, checkouts } = besideOf(other);
    expect(about.beside).toEqual(checkouts);
    expect(results).toMatchObject([{ name: 'feedTokens', metric: 'time', peer: 1, peer_name: name }]);
    expect(results[0].ratio).toBeCloseTo(results[0].peer / results[0].ours);
    expect(out).toContain(
      `0 equal, 0 faster, 0 slower, 1 not measured; ratio > 1: this checkout is better than ${name}`,
    );
    expect(code).toBe(3);
  });

  it('skips an op that the other checkout does not have, which is no pass', () => {
    const { code, out } = bench('ops', '--op', 'add', '--rounds', '2', '--beside', other);
    expect(out).toMatch(/^skipped  ops: add: selfjudge \w{10}: TypeError: no add$/m);
    expect(code).toBe(3);
  });

  it.each([
    [1, 0.05, 3, 'equal'],
    [0.98, 0.099, 3, 'equal'],
    [1.03, 0.05, 3, 'equal'],
    [0.979, 0.05, 3, 'slower'],
    [1.031, 0.05, 3, 'faster'],
    [1, 0.1, 3, 'not measured'],
    [2, 0.5, 3, 'not measured'],
    [1, 0, 1, 'not measured'],
    [NaN, 0, 3, 'not measured'],
    [1, NaN, 3, 'not measured'],
  ])('a ratio of %d with a spread of %d in %d rounds is %s', (ratio, spread, rounds, said) => {
    expect(verdict({ ratio, spread, rounds, unit: 's' })).toBe(said);
  });

  it('memory is smaller or larger, and counted so', () => {
    const results = [0.9, 1.2, 1].map((ratio) => ({ ratio, spread: 0, rounds: 3, unit: 'MB' }));
    expect(results.map(verdict)).toEqual(['larger', 'smaller', 'equal']);
    expect(verdictLine(results, { name: 'it' })).toMatch(
      /^1 equal, 0 faster, 0 slower, 1 smaller, 1 larger, 0 not measured; ratio > 1: this checkout is better than it/,
    );
  });
});

describe('the peak of a step', () => {
  /** Megabytes that a process of its own reports: `step` after `before`. */
  const peakOf = (before: string, step: string) => {
    const program = `import { peakMb, resetPeak } from '${repository}/benchmarks/peak.mjs';
      ${before}
      await resetPeak();
      ${step}
      console.log(peakMb());`;
    const args = ['--input-type=module', '-e', program];
    return Number(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
  };
  const garbage = '[0, 1, 2, 3].forEach(() => new Float64Array(2 ** 22).fill(1).length);'; // 32 MB each
  const idle = peakOf('', '');

  it('is not of what loading left to the garbage collector', () => {
    expect(idle).toBeGreaterThan(20);
    expect(peakOf(garbage, '')).toBeLessThan(idle + 15);
  });

  it('is of what the step holds', () => {
    const held = peakOf('', 'const held = new Float64Array(2 ** 24).fill(1); held.at(-1);');
    expect(held - idle).toBeGreaterThan(120);
    expect(held - idle).toBeLessThan(150);
  });
});

describe('the command line', () => {
  it.each([
    [['ops', '--op', 'swigul'], "--op: there is no op 'swigul', the nearest is 'swiglu'\n"],
    [['scaling', '--part', 'prefil'], "--part: there is no part 'prefil', the nearest is 'prefill'\n"],
    [['generat'], "there is no bench 'generat', the nearest is 'generate'\n"],
    [['ops', '--rounds', '0'], "--rounds: expected a whole number from 1, received '0'\n"],
    [['ops', '--rounds', '1e'], "--rounds: expected a whole number from 1, received '1e'\n"],
    [['gemm', '--op', 'add'], '--op is of the bench ops\n'],
    [['ops', '--check', '--beside', '.'], '--check, --against and --beside: expected one of them\n'],
    [
      ['ops', '--json', '/no/such/x.json'],
      '--json: expected a file in a folder that there is, received /no/such/x.json\n',
    ],
  ])('%s: one sentence, and exit code 2', (args, message) => {
    const { code, out, err } = bench(...args);
    expect(err.replace(/^a load of .*\n/, '')).toBe(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

it('measures an op without Python as a share of its ceiling, and compares that with an earlier file', () => {
  const json = join(folder, 'before.json');
  const args = ['ops', '--op', 'treeAttentionPool', '--rounds', '1', '--python', join(folder, 'no-python')];
  const first = bench(...args, '--json', json);
  expect(first, first.err).toMatchObject({ code: 0 });
  const { results } = JSON.parse(readFileSync(json, 'utf8'));
  const metrics = results.map(({ metric }: { metric: string }) => metric);
  expect(metrics.filter((metric: string) => metric === 'time')).toHaveLength(1);
  for (const { metric, ours: amount, ours_gbs, ours_tflops } of results) {
    if (metric === 'time') {
      expect(ours_gbs).toBeGreaterThan(0);
      expect(ours_tflops).toBeGreaterThan(0);
    } else {
      expect(metric).toMatch(/^share of the (read|register) ceiling$/);
      expect(amount).toBeGreaterThan(0);
      expect(amount).toBeLessThan(1.5);
    }
  }
  const again = bench(...args, '--against', json);
  expect(again.out).toMatch(/0 fell, 0 held, 1 not measured, 0 new, 0 measured before/); // one round is none
  expect(again.code).toBe(3);
});
