// Proves that the op cases notice faults of CPU kernels on every kernel path: puts the faults of scripts/cpuFaults.json into
// the sources one at a time, builds the objects concerned beside those of native/build, and wants the cases to fail on
// every path where the fault can be, and to pass on the others. First they have to pass on the unchanged build.
//   node scripts/mutateCpu.mjs [--match REGEXP] [--jobs N] [--list]
// A fault: `name`; `in`, the file, or the end of its path under native/backends/cpu; `edits`, pairs of a text that is there once
// and what takes its place; `cases`, a pattern of op cases; and where it is only in some paths, `paths` and `why`.
// Exit 1 when a fault goes unnoticed, runs past the time limit, does not compile, or its place is not found. Needs a build
// (pnpm build).
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuFaults } from './cpuFaults.mjs';
import { inParallel, limitOf, outcomeOf, run, unitsOf } from './mutants.mjs';
import { PATHS, bin } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, 'native');
const cpu = join(native, 'backends/cpu');
const objects = join(native, 'build/CMakeFiles/selfjudge_native.dir');
const CASES = 'packages/engine/src/tensor/cases.path.test.ts';
const { values } = parseArgs({
  options: {
    match: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    list: { type: 'boolean' },
  },
});

const wanted = new RegExp(values.match);
const faults = cpuFaults(cpu).filter(({ name }) => wanted.test(name));
if (values.list) {
  for (const { name, file, paths = PATHS } of faults)
    process.stdout.write(`${name}: ${file}, ${paths.join(' ')}\n`);
  process.exit(0);
}

const commands = join(native, 'build/compile_commands.json');
if (!existsSync(commands)) throw new Error('native/build is missing. Run: pnpm build');
const commandOf = new Map(
  JSON.parse(readFileSync(commands, 'utf8')).map(({ file, command }) => [file, command]),
);
const highway = /^HWY_LIBRARY:FILEPATH=(.*)$/m.exec(
  readFileSync(join(native, 'build/CMakeCache.txt'), 'utf8'),
)[1];
const { cpuInfo } = createRequire(import.meta.url)(join(native, 'build/Release/selfjudge_native.node'));
const here = cpuInfo().paths;

const work = mkdtempSync(join(tmpdir(), 'selfjudge-mutants-'));
const copyOf = (job) => join(work, String(job));

/** Builds the addon with the fault in it; undefined where the fault does not compile. */
async function build({ file, mutated }, job) {
  const copy = copyOf(job);
  const place = join(copy, 'backends/cpu', file);
  const original = readFileSync(place, 'utf8');
  const changed = new Map();
  writeFileSync(place, mutated);
  try {
    for (const unit of unitsOf(cpu, file, '.cpp')) {
      const source = join(cpu, unit);
      const object = join(copy, `${unit.replaceAll('/', '_')}.o`);
      // As it was built, but from the copy, and quickly.
      const command = commandOf
        .get(source)
        .replaceAll(` -I${native} `, ` -I${copy} `)
        .replace(/ -o \S+ -c \S+/, ` -O1 -w -o ${object} -c ${join(copy, 'backends/cpu', unit)}`);
      const { status, output } = await run('sh', ['-c', command]);
      if (status !== 0) return process.stdout.write(output) && undefined;
      changed.set(join('backends/cpu', `${unit}.o`), object);
    }
  } finally {
    writeFileSync(place, original);
  }
  const all = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.o'),
  );
  const module = join(copy, 'selfjudge_native.node');
  const link = ['-shared', '-Wl,-z,nodelete', ...all.map((name) => changed.get(name) ?? join(objects, name))];
  const { status, output } = await run('g++', [...link, highway, '-lpthread', '-o', module]);
  if (status !== 0) throw new Error(output);
  return module;
}

/** Runs cases on a path; `module` undefined: that of native/build. */
function test(module, path, cases, timeout) {
  const vitest = [bin('vitest', 'vitest.mjs'), 'run', '--project', path, '--bail', '1', CASES, '-t', cases];
  const env = { ...process.env, ...(module && { SELFJUDGE_NATIVE_MODULE: module }) };
  return run(process.execPath, vitest, { cwd: root, timeout, env });
}

/** Time limits by path, from a run of all faults' cases on the unchanged build. */
async function baseline() {
  const cases = [...new Set(faults.map((fault) => `(?:${fault.cases})`))].join('|');
  const limits = new Map();
  for (const path of PATHS.filter((one) => here.includes(one))) {
    const result = await test(undefined, path, cases);
    const { outcome, why } = outcomeOf(result);
    if (outcome !== 'passed') throw new Error(`${path}: the cases on the unchanged build: ${outcome} ${why}`);
    limits.set(path, limitOf(result.seconds));
    process.stdout.write(`${path}: unchanged passes in ${result.seconds.toFixed(0)} s\n`);
  }
  return limits;
}

const table = [];
let wrong = 0;
try {
  const jobs = Number(values.jobs);
  for (let job = 0; job < jobs; job++)
    for (const part of ['include', 'core', 'backends', 'test'])
      cpSync(join(native, part), join(copyOf(job), part), { recursive: true });
  const limits = await baseline();
  await inParallel(faults, jobs, async (fault, job) => {
    const module = await build(fault, job);
    const row = {};
    for (const path of PATHS) {
      const possible = (fault.paths ?? PATHS).includes(path);
      if (!here.includes(path)) {
        row[path] = 'no such CPU';
      } else if (module === undefined) {
        row[path] = 'NOT BUILT';
      } else {
        const { outcome, why } = outcomeOf(await test(module, path, fault.cases, limits.get(path)));
        if (outcome === 'passed') row[path] = possible ? 'SURVIVED' : 'not possible';
        else if (outcome === 'failed') row[path] = possible ? 'caught' : 'NOT EXPECTED';
        else row[path] = outcome.toUpperCase();
        row.reason ??= why;
      }
      if (/^[A-Z]+/.test(row[path])) wrong++;
    }
    table.push([fault.name, row]);
    process.stdout.write(
      `${table.length}/${faults.length} ${fault.name}\n    ${row.reason?.slice(0, 200) ?? ''}\n`,
    );
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
const width = Math.max(...table.map(([name]) => name.length));
const line = (name, cells) => `${[name.padEnd(width), ...cells.map((cell) => cell.padEnd(12))].join('  ')}\n`;
process.stdout.write(line('', PATHS));
for (const [name, row] of table.sort(([a], [b]) => a.localeCompare(b)))
  process.stdout.write(
    line(
      name,
      PATHS.map((path) => row[path]),
    ),
  );
for (const { name, paths, why } of faults)
  if (paths !== undefined) process.stdout.write(`${name}: only on ${paths.join(', ')}: ${why}\n`);
process.stdout.write(`${faults.length} faults, ${wrong} not as wanted\n`);
process.exit(wrong === 0 ? 0 : 1);
