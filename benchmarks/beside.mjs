// pnpm bench NAME --beside DIR: another checkout of this project in turns with this one, each in its own build. Its ours.mjs
// runs as that checkout has it; what both agree on is the lines that are asked and answered.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contender } from './harness.mjs';
import { UsageError } from './usage.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const ADDON = 'native/build/Release/selfjudge_native.node';

const newest = (root, folder, isSource) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => isSource(file) && !/(^|\/)(node_modules|build|dist)\//.test(file))
    .map((file) => ({ file, changed: statSync(join(root, file)).mtimeMs }))
    .reduce((last, one) => (one.changed > last.changed ? one : last), { changed: 0 });

/** What a checkout's build consists of, each file with the sources that it must not be older than. */
function* builds(root) {
  const isSource = (file) => /(?<!\.test)\.ts$/.test(file) && !file.includes('/src/testing/');
  const ofAddon = (file) => /\.(cpp|h)$/.test(file) && !/^native\/(test|mpi|backends\/cuda)\//.test(file);
  yield { built: ADDON, sources: newest(root, 'native', ofAddon) };
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = `packages/${name}`;
    const config = join(root, folder, 'tsconfig.json');
    if (!existsSync(config)) continue;
    const { tsBuildInfoFile = 'dist/.tsbuildinfo' } = JSON.parse(
      readFileSync(config, 'utf8'),
    ).compilerOptions;
    const sources = newest(root, `${folder}/src`, isSource);
    yield { built: join(folder, tsBuildInfoFile), sources };
  }
}

function assertBuilt(root) {
  const refuse = (reason) => {
    throw new UsageError(
      `--beside: ${root} is not built: ${reason}; build it: cd ${root} && pnpm install && pnpm build`,
    );
  };
  if (!existsSync(join(root, 'node_modules'))) refuse('node_modules is missing');
  for (const { built, sources } of builds(root)) {
    if (!existsSync(join(root, built))) refuse(`${built} is missing`);
    if (sources.changed > statSync(join(root, built)).mtimeMs)
      refuse(`${sources.file} is newer than ${built}`);
  }
}

function git(root, ...args) {
  const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new UsageError(`--beside: expected a git checkout, received ${root}`);
  return stdout.trim();
}

function checkout(root) {
  assertBuilt(root);
  return { commit: git(root, 'rev-parse', 'HEAD'), dirty: git(root, 'status', '--porcelain') !== '' };
}

/** What benches are given of the other checkout: its folder, its name in results, and what both are at. */
export function besideOf(folder) {
  const root = resolve(folder);
  const manifest = join(root, 'package.json');
  const name = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).name : undefined;
  if (name !== 'selfjudge-repo')
    throw new UsageError(`--beside: expected a checkout of this project, received ${folder}`);
  for (const name of ['SELFJUDGE_NATIVE_MODULE', 'SELFJUDGE_CUDA_MODULE'])
    if (process.env[name] !== undefined)
      throw new UsageError(`--beside: each checkout runs its own build, but ${name} names one; unset it`);
  const [other, here] = [root, ROOT].map(checkout);
  const changes = other.dirty ? ' with changes' : '';
  return { root, name: `selfjudge ${other.commit.slice(0, 10)}${changes}`, checkouts: { here, other } };
}

function serve(name, root, bench, args, prefix) {
  const program = [process.execPath, join(root, 'benchmarks', bench, 'ours.mjs'), ...args];
  const [command, ...rest] = [...prefix, ...program];
  return new Contender(name, command, rest);
}

/** The ours.mjs of a bench, of the other checkout. @param prefix a command that starts it */
export const theirs = (beside, bench, args, prefix = []) =>
  serve(beside.name, beside.root, bench, args, prefix);

/** The ours.mjs of a bench, of this checkout, and with --beside that of the other too. */
export function ours(bench, args, beside, prefix = []) {
  const mine = serve('ours', ROOT, bench, args, prefix);
  return beside ? [mine, theirs(beside, bench, args, prefix)] : [mine];
}

const EQUAL = { from: 0.98, to: 1.03, spread: 0.1 };

/** What a ratio beside another checkout says; of one round, or of rounds that differ, nothing. */
export function verdict({ ratio, spread, rounds, unit }) {
  if (!(rounds > 1 && spread < EQUAL.spread && Number.isFinite(ratio))) return 'not measured';
  const [less, more] = unit === 'MB' ? ['larger', 'smaller'] : ['slower', 'faster'];
  return ratio < EQUAL.from ? less : ratio > EQUAL.to ? more : 'equal';
}

/** The last line: how many of each verdict, and what they mean. */
export function verdictLine(results, beside) {
  const said = results.map(verdict);
  const words = ['equal', 'faster', 'slower', 'smaller', 'larger', 'not measured'];
  const counts = words
    .map((word) => [said.filter((one) => one === word).length, word])
    .filter(([n, word]) => n > 0 || !['smaller', 'larger'].includes(word))
    .map(([n, word]) => `${n} ${word}`);
  return (
    `${counts.join(', ')}; ratio > 1: this checkout is better than ${beside.name}; equal: the median ratio is ` +
    `${EQUAL.from} to ${EQUAL.to}; not measured: a spread of ${EQUAL.spread} or more, or one round (more --rounds)`
  );
}
