// What the test commands share: named checks and vitest projects, summed in one last line
// "512 passed, 0 failed, 3 skipped".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// --help of a test command: what its file says at its head.
const [, command = '', ...words] = process.argv;
if (/\btest\w*\.mjs$/.test(command) && words.some((word) => word === '--help' || word === '-h')) {
  const [head] = /^(\/\/.*\n)+/.exec(readFileSync(command, 'utf8'));
  process.stdout.write(head.replaceAll(/^\/\/ ?/gm, ''));
  process.exit(0);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, 'package.json'));
const total = { passed: 0, failed: 0, skipped: 0 };

/** The script of an installed package, to be run by Node. */
export const bin = (name, path) => join(dirname(require.resolve(`${name}/package.json`)), path);

/** Runs `body`; it fails by throwing, with what to print. Returns what it returned, undefined on failure. */
export function check(name, body) {
  try {
    const result = body();
    process.stdout.write(`ok  ${name}\n`);
    total.passed++;
    return result ?? true;
  } catch (error) {
    process.stdout.write(`FAILED  ${name}\n${error.message}\n`);
    total.failed++;
    return undefined;
  }
}

/** A check that runs a Node script and wants exit 0. */
export function checkNode(name, args) {
  return check(name, () => {
    const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`${result.stdout}${result.stderr}`);
  });
}

export function skip(name, why) {
  process.stdout.write(`skipped  ${name}: ${why}\n`);
  total.skipped++;
}

/** Kernel paths of the CPU, each a vitest project. */
export const PATHS = ['portable', 'avx2', 'avx512', 'avx512bf16', 'amx'];

/** Vitest projects, or with `args` (paths, options) a part of them; their tests count one by one. */
export function vitest(projects, { env = {}, args: more = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-test-'));
  const report = join(folder, 'report.json');
  const args = [
    bin('vitest', 'vitest.mjs'),
    'run',
    ...[projects].flat().flatMap((name) => ['--project', name]),
    ...more,
  ];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const result = spawnSync(process.execPath, [...args, ...reporters], {
    cwd: root,
    stdio: 'inherit',
    // What the tests write in the temporary folder goes with it, whether they remove it or not.
    env: { ...process.env, TMPDIR: folder, ...env },
  });
  let failed = 0;
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += json.numPassedTests;
    total.skipped += json.numPendingTests + (json.numTodoTests ?? 0);
    failed = json.numFailedTests;
  } catch {
    failed = 1;
  }
  // A file that fails to load has no tests of its own, and must still count.
  total.failed += Math.max(failed, result.status === 0 ? 0 : 1);
  rmSync(folder, { recursive: true, force: true });
}

/** Prints the sum and ends the process by it. */
export function finish() {
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exit(total.failed ? 1 : 0);
}
