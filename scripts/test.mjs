// pnpm test: build, format, lint and type checks, then every unit and end-to-end test. `pnpm test real`: the tests on
// real weights. The last line sums all suites: "512 passed, 0 failed, 3 skipped".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, 'package.json'));
const bin = (name, path) => join(dirname(require.resolve(`${name}/package.json`)), path);
const total = { passed: 0, failed: 0, skipped: 0 };

function check(name, command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const ok = result.status === 0;
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}  ${name}\n`);
  if (!ok) process.stdout.write(`${result.stdout}${result.stderr}\n`);
  total[ok ? 'passed' : 'failed']++;
  return ok;
}

function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-test-'));
  const report = join(folder, 'report.json');
  const args = [
    bin('vitest', 'vitest.mjs'),
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
  ];
  const result = spawnSync(process.execPath, [...args, `--outputFile.json=${report}`], {
    cwd: root,
    stdio: 'inherit',
  });
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += json.numPassedTests;
    total.failed += json.numFailedTests;
    total.skipped += json.numPendingTests + (json.numTodoTests ?? 0);
    // A file that fails to load has no tests of its own, and must still count.
    if (!json.success && json.numFailedTests === 0) total.failed++;
  } catch {
    total.failed++;
  }
  if (result.status !== 0 && total.failed === 0) total.failed++;
  rmSync(folder, { recursive: true, force: true });
}

const built = check('build', process.execPath, ['scripts/build.mjs', '--quiet']);
if (process.argv.includes('real')) {
  if (built) vitest('real');
} else {
  check('prettier', process.execPath, [bin('prettier', 'bin/prettier.cjs'), '--check', '.']);
  check('oxlint', process.execPath, [bin('oxlint', 'bin/oxlint'), '--deny-warnings']);
  check('clang-format', process.execPath, ['scripts/clang-format.mjs']);
  if (built) vitest('unit');
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed ? 1 : 0);
