// Checks (or with --write mends) the format of all C++ under native/ and benchmarks/.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureSystemPackages } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = ['native', 'benchmarks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(cpp|h|cu|cuh)$/.test(path) && !/(^|\/)(build|node_modules)\//.test(path))
    .map((path) => join(root, folder, path)),
);
try {
  ensureSystemPackages({ checks: true });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror'];
process.exit(spawnSync('clang-format-15', [...mode, ...files], { stdio: 'inherit' }).status ?? 1);
