// System packages the build and the checks need on Debian and its kin. Installs them when root, else prints the exact
// command and stops. Does nothing, and prints nothing, when all are there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What proves a package is there: a program on the PATH or a header.
const NEEDED = [
  { apt: 'g++', program: 'g++' },
  { apt: 'make', program: 'make' },
  { apt: 'cmake', program: 'cmake' },
  { apt: 'libhwy-dev', header: '/usr/include/hwy/highway.h' },
];
// Chromium: pages are looked at in a real browser.
const CHECKS = [
  { apt: 'clang-format-15', program: 'clang-format-15' },
  { apt: 'chromium', program: 'chromium' },
];

const onPath = (program) =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
const missing = (list) =>
  list.filter((x) => (x.program ? !onPath(x.program) : !existsSync(x.header))).map((x) => x.apt);

/** Installs what is missing. `checks`: also what formatting checks need. Throws with the command to run by hand. */
export function ensureSystemPackages({ checks = false } = {}) {
  const packages = missing(checks ? [...NEEDED, ...CHECKS] : NEEDED);
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error(
      `missing system packages: ${packages.join(', ')}. Install them and run this again:\n  sudo ${command}`,
    );
  }
  process.stderr.write(`installing system packages: ${packages.join(' ')}\n`);
  const run = (line) =>
    spawnSync('sh', ['-c', line], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  // The package lists of a fresh machine are empty or old, so a first failure is answered by one update.
  let result = run(command);
  if (result.status !== 0) {
    run('apt-get update');
    result = run(command);
  }
  if (result.status !== 0) throw new Error(`${command}\nfailed:\n${result.stdout}${result.stderr}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureSystemPackages({ checks: process.argv.includes('--checks') });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
