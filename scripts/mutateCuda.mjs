// Proves that the kernels' tests notice faults: changes one place at a time, by the rules of scripts/cudaFaults.mjs (a
// barrier or wait removed, an index or fragment shifted, a mask widened, a sign turned, a window lost), builds it over the SIMT
// shim with every shared access checked, and wants its cases to fail. First they have to pass on the unchanged sources.
//   node scripts/mutateCuda.mjs [--sample N] [--seed S] [--match REGEXP] [--jobs N] [--list]
// scripts/mutants.json names places: `why`, where a fault is harmless, which are left out, or `hangs`, why a fault ends in no
// failure but at the time limit. Exit 1 when a fault survives, hangs where nobody says so, does not compile, or breaks the run.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FAMILIES, faults } from './cudaFaults.mjs';
import { inParallel, limitOf, outcomeOf, run, unitsOf } from './mutants.mjs';
import { bin } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cuda = join(root, 'native/backends/cuda');
const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    match: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    list: { type: 'boolean' },
  },
});

const all = [...faults(cuda)];
const named = JSON.parse(readFileSync(join(root, 'scripts/mutants.json'), 'utf8'));
const isAt = (place) => (m) => place.file === m.file && place.kind === m.kind && place.code === m.code;
const stale = named.filter((place) => !all.some(isAt(place)));
if (stale.length > 0)
  throw new Error(`scripts/mutants.json: there is no such fault: ${JSON.stringify(stale)}`);
const noteOn = (m) => named.find((place) => isAt(place)(m));

let state = Number(values.seed);
const below = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
const wanted = new RegExp(values.match);
let chosen = all.filter((m) => wanted.test(`${m.file} ${m.kind}: ${m.code}`) && noteOn(m)?.why === undefined);
if (values.sample !== undefined) {
  const pool = [...chosen];
  chosen = [];
  while (chosen.length < Number(values.sample) && pool.length > 0)
    chosen.push(...pool.splice(below(pool.length), 1));
}
const titleOf = ({ file, line, kind, code }) => `${file}:${line} ${kind}: ${code}`;
if (values.list) {
  for (const m of chosen) process.stdout.write(`${m.family} ${titleOf(m)}\n`);
  const harmless = all.filter((m) => noteOn(m)?.why !== undefined).length;
  process.stdout.write(`${chosen.length} faults, ${harmless} of all named as harmless\n`);
  process.exit(0);
}

const FLAGS = '-std=c++20 -O1 -fPIC -x c++ -w -ffp-contract=off -fvisibility=hidden -fsanitize=thread'.split(
  ' ',
);
// A tree of sources for each job, and objects of the unchanged backend, each built once.
const jobs = Number(values.jobs);
const work = mkdtempSync(join(tmpdir(), 'selfjudge-mutants-'));
const source = (job, name) => join(work, String(job), 'backends/cuda', name);
const object = (name) => join(work, `${name.replaceAll('/', '_')}.o`);
const units = readdirSync(cuda).filter((name) => name.endsWith('.cu'));
const hooks = object('simt/tsan_hooks.cpp');

async function compile(path, to, extra = []) {
  const { status, output } = await run('g++', [
    ...FLAGS,
    ...extra,
    '-I',
    dirname(path),
    '-c',
    path,
    '-o',
    to,
  ]);
  if (status !== 0) throw new Error(output);
}

async function link(objects, module) {
  // A function that is nowhere is an error here: later it would fail every test.
  const { status, output } = await run('g++', ['-shared', '-Wl,-z,defs', ...objects, hooks, '-o', module]);
  if (status !== 0) throw new Error(output);
}

/** Runs a family's tests on a module. */
function test(module, { tests, in: files }, timeout) {
  const paths = files.map((name) => join('packages/engine/src/tensor', name));
  const vitest = [
    bin('vitest', 'vitest.mjs'),
    'run',
    '--project',
    'cuda',
    '--bail',
    '1',
    ...paths,
    '-t',
    tests,
  ];
  return run(process.execPath, vitest, {
    cwd: root,
    timeout,
    env: { ...process.env, SELFJUDGE_CUDA_MODULE: module },
  });
}

/** `caught`, or else what is wrong, with why. */
async function verdictOn(m, job, limit) {
  const file = source(job, m.file);
  const original = readFileSync(file, 'utf8');
  const changed = unitsOf(cuda, m.file, '.cu');
  const own = (name) => (changed.includes(name) ? join(work, `${job}-${name}.o`) : object(name));
  const module = join(work, `${job}.so`);
  writeFileSync(file, m.mutated);
  try {
    for (const unit of changed) await compile(source(job, unit), own(unit));
    await link(units.map(own), module);
  } catch ({ message }) {
    return { verdict: 'DOES NOT COMPILE', why: message };
  } finally {
    writeFileSync(file, original);
  }
  const { outcome, why } = outcomeOf(await test(module, FAMILIES[m.family], limit));
  const hangs = noteOn(m)?.hangs;
  if (outcome === 'failed') return { verdict: 'caught', why };
  if (outcome === 'hangs' && hangs !== undefined) return { verdict: 'caught', why: `hangs: ${hangs}` };
  return { verdict: outcome === 'passed' ? 'SURVIVED' : outcome.toUpperCase(), why };
}

/** The time limit of a family, from a run of its tests on the unchanged module. */
async function baseline(family, module) {
  const result = await test(module, FAMILIES[family]);
  const { outcome, why } = outcomeOf(result);
  if (outcome !== 'passed')
    throw new Error(`${family}: its tests on the unchanged sources: ${outcome} ${why}`);
  process.stdout.write(`${family}: unchanged passes in ${result.seconds.toFixed(0)} s\n`);
  return limitOf(result.seconds);
}

const wrong = [];
let done = 0;
try {
  for (let job = 0; job < jobs; job++) {
    for (const part of ['include', 'core', 'backends/cuda', 'backends/arguments.h', 'backends/fail.h']) {
      cpSync(join(root, 'native', part), join(work, String(job), part), { recursive: true });
    }
  }
  await inParallel(units, jobs, (unit, job) => compile(source(job, unit), object(unit)));
  await compile(source(0, 'simt/tsan_hooks.cpp'), hooks, ['-fno-sanitize=thread']);
  const unchanged = join(work, 'unchanged.so');
  await link(units.map(object), unchanged);
  for (const family of new Set(chosen.map((m) => m.family))) {
    const limit = await baseline(family, unchanged);
    const own = chosen.filter((m) => m.family === family);
    await inParallel(own, jobs, async (m, job) => {
      const { verdict, why = '' } = await verdictOn(m, job, limit);
      if (verdict !== 'caught') wrong.push(`${verdict}: ${titleOf(m)}`);
      const told = verdict === 'caught' ? `caught (${why.slice(0, 80)})` : `${verdict} ${why.slice(0, 2000)}`;
      process.stdout.write(`${++done}/${chosen.length} ${titleOf(m)}\n    ${told}\n`);
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const line of wrong) process.stdout.write(`${line}\n`);
process.stdout.write(`${chosen.length - wrong.length} of ${chosen.length} faults caught\n`);
process.exit(wrong.length ? 1 : 0);
