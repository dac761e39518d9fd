import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

// Nothing that was built: CMake's files name the folder they were made in, and a copy of them would build there.
const LEFT_OUT = /^(\.git|\.cache|\.venv|__pycache__|node_modules|dist|build|build-debug|coverage)$/;
const RUNS = join(repository, 'runs');

/**
 * A copy of the repository's sources in a temporary folder, with the installed packages linked. `environment` is for its
 * commands: `pnpm NAME ...` there runs the script NAME of package.json and nothing else, so that no test installs anything.
 */
export function scratchRepository(): { path: string; environment: NodeJS.ProcessEnv; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-scratch-'));
  const path = join(folder, 'repository');
  cpSync(repository, path, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => source === repository || (source !== RUNS && !LEFT_OUT.test(basename(source))),
  });
  linkModules(path);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'pnpm'), RUN_SCRIPT, { mode: 0o755 });
  const PATH = [bin, join(path, 'node_modules/.bin'), process.env['PATH']].join(':');
  return { path, environment: { ...process.env, PATH }, remove: () => rmSync(folder, { recursive: true }) };
}

/** Every package's links to other packages, as they are, so that those of the workspace lead to the copy. */
function linkModules(path: string): void {
  const packages = readdirSync(join(repository, 'packages')).map((name) => `packages/${name}`);
  for (const at of ['.', 'native', ...packages]) {
    const from = join(repository, at, 'node_modules');
    cpSync(from, join(path, at, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
      // The store is shared; what tools keep beside it is not.
      filter: (source) => !/^\.(pnpm|vite|vite-temp)$/.test(relative(from, source)),
    });
  }
  symlinkSync(join(repository, 'node_modules/.pnpm'), join(path, 'node_modules/.pnpm'));
}

const RUN_SCRIPT = `#!/usr/bin/env node
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const [name, ...rest] = process.argv.slice(2);
const script = JSON.parse(readFileSync('package.json', 'utf8')).scripts[name];
if (script === undefined) {
  console.error("package.json has no script '" + name + "'");
  process.exit(1);
}
const { status } = spawnSync('sh', ['-c', script + ' "$@"', 'sh', ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
`;

/** The fenced blocks of a Markdown file that a test runs: "sh test", and with `long` also "sh test long". */
export function testedCommands(file: string, { long = false } = {}): string[] {
  const text = readFileSync(join(repository, file), 'utf8');
  const blocks = [...text.matchAll(/^```sh test( long)?\n(.*?)^```$/gms)];
  return blocks.filter(([, mark]) => long || mark === undefined).map(([, , code]) => code);
}
