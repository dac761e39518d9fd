// Proves that the kernels' tests notice faults: changes one place of a kernel at a time (a barrier or wait removed, an
// index or fragment shifted, a tail mask widened, a sign turned), builds it over the SIMT shim with every shared access checked, and
// wants its cases to fail.
//   node scripts/mutateCuda.mjs [--sample N] [--seed S] [--match REGEXP] [--jobs N] [--list]
// Exit 1 when a fault survives that scripts/mutants.json does not name as harmless, with its reason.
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inParallel, reasonIn, run, unitsOf } from './mutants.mjs';
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

// Files whose device code is mutated, the cases that must notice, and rules beyond those for all.
const FAMILIES = {
  attention: {
    files:
      /^(attention_(mma|forward|simt|pool|backward|backward_simt|softmax)\.cuh|tree_attention.*\.cu|kv_pool\.cu)$/,
    tests: 'treeAttention|kvWrite',
    rules: [
      ['rotated whole', /half = a\.rotated \/ 2/g, 'half = a.width / 2'],
      ['rest lost', /a\.key_heads\} \* rest;/g, 'a.key_heads} * 0;'],
    ],
  },
  gemm: {
    files: /^(gemm\/(mma|fma|tile|output)\.cuh|low_rank\.cuh|linear(_group)?\.cu|linear_adapters\.cuh)$/,
    tests: 'linear',
  },
  head: {
    files: /^(head.*\.cuh|linear_logprob\.cu|linear_sample\.cu|head\.cu)$/,
    tests: 'linearLogprob|linearSample|sample the same',
  },
  rows: {
    files: /^(rms_norm|rope|rows|rotate|embedding|feed_tokens|global_norm)\.cuh?$/,
    tests: 'rmsNorm|rope|Rows|embedding|feedTokens|globalNorm',
    rules: [
      ['rotated whole', /half = rotated \/ 2/g, 'half = depth / 2'],
      ['offset lost', /\(\w\.offset \+ (to_float\(w\.at\[j\]\))\)/g, '$1'],
    ],
  },
  elementwise: {
    files: /^(each|cast|swiglu)\.cuh$|^(elementwise|swiglu|adamw)\.cu$/,
    tests: 'add|scale|fill|cast|swiglu|adamw',
    rules: [
      ['operand not moved', /load_pack<N>\((\w+) \+ i\)/g, 'load_pack<N>($1)'],
      ['value of the neighbour', /\b(\w+)\.at\[j\](?=\)| \*|;)/g, '$1.at[(j + 1) % N]'],
      ['activation swapped', /(GeluTanh)(::inner\(gate\)) : (Silu)\2/g, '$3$2 : $1$2'],
      ['bound lost', /if \(fabsf\(g\) > 16\.0f\).*;/g, ';'],
      ['first value skipped', /int j = 0; j < N;/g, 'int j = 1; j < N;'],
      ['last value skipped', / < n; j\+\+/g, ' < n - 1; j++'],
      ['sign turned', / - (?=\w)/g, ' + '],
      ['sign turned', / \+ (?=(?:to_float|eps|e\b|one_minus))/g, ' - '],
      ['factor lost', / \* (?!256|N\b)\w+(?:\.\w+)*(?=[;) ])/g, ''],
      [
        'result truncated',
        /from_float<(\w+)>\((.*)\);/g,
        'from_float<$1>(sizeof($1) == 4 ? float($2) : __builtin_bit_cast(float, __builtin_bit_cast(unsigned, float($2)) & ~0xffffu));',
      ],
    ],
  },
};

// [kind, pattern, replacement]: every match of a pattern in device code is one fault.
const RULES = [
  ['barrier removed', /__syncthreads\(\);/g, ';'],
  ['warp barrier removed', /__syncwarp\(\);/g, ';'],
  ['wait removed', /cp_async_wait<\d>\(\);/g, ';'],
  ['fragment shifted', /\b(b|bf|bv|bk)\[(\d)\]\[0\], \1\[\2\]\[1\]/g, '$1[$2][1], $1[$2][0]'],
  ['fragment shifted', /\bb\[0\], b\[1\]/g, 'b[1], b[0]'],
  ['lane row shifted', /lane % 16/g, '(lane + 1) % 16'],
  ['lane piece shifted', /lane \/ 16\b/g, '(lane / 16 ^ 1)'],
  ['quad shifted', /lane % 4\b/g, '(lane + 1) % 4'],
  [
    'tail mask widened',
    / < ((?:\w+\.)*(?:n|rows|columns|width|depth|count|keys|length|limit|q_len|kv_len))\b/g,
    ' <= $1',
  ],
  ['sum loses a term', / \+= /g, ' = '],
  ['shuffle over half', /__shfl_xor_sync\((\w+), (\w+), 2\)/g, '__shfl_xor_sync($1, $2, 1)'],
];

/** Lines of kernels and device functions: from a __global__ or __device__ line to the closing brace in column 0. */
function deviceRanges(text) {
  const ranges = [];
  for (const match of text.matchAll(/^(?:template[^\n]*\n)?[^\n]*(?:__global__|__device__)[\s\S]*?^\}/gm)) {
    ranges.push([match.index, match.index + match[0].length]);
  }
  return ranges;
}

function* mutants() {
  for (const [family, { files, tests, rules = [] }] of Object.entries(FAMILIES)) {
    const names = readdirSync(cuda, { recursive: true, encoding: 'utf8' }).filter((name) => files.test(name));
    for (const file of names.sort()) {
      const text = readFileSync(join(cuda, file), 'utf8');
      const ranges = deviceRanges(text);
      for (const [kind, pattern, replacement] of [...RULES, ...rules]) {
        for (const match of text.matchAll(pattern)) {
          if (!ranges.some(([from, to]) => match.index >= from && match.index < to)) continue;
          const line = text.slice(0, match.index).split('\n').length;
          const code = text.split('\n')[line - 1].trim();
          if (kind === 'sum loses a term' && code.includes('for (')) continue; // would never end
          const here = new RegExp(pattern.source, 'y');
          here.lastIndex = match.index;
          const mutated = text.replace(here, replacement);
          yield { family, tests, file, kind, line, code, mutated };
        }
      }
    }
  }
}

const FLAGS = '-std=c++20 -O1 -fPIC -x c++ -w -ffp-contract=off -fvisibility=hidden -fsanitize=thread'.split(
  ' ',
);

async function compile(source, object, extra = []) {
  const { status, output } = await run('g++', [
    ...FLAGS,
    ...extra,
    '-I',
    join(source, '..'),
    '-c',
    source,
    '-o',
    object,
  ]);
  if (status !== 0) throw new Error(output);
}

const wanted = new RegExp(values.match);
const all = [...mutants()].filter(({ file, kind, code }) => wanted.test(`${file} ${kind}: ${code}`));
const harmless = JSON.parse(readFileSync(join(root, 'scripts/mutants.json'), 'utf8'));
const isHarmless = (m) => harmless.some((h) => h.file === m.file && h.kind === m.kind && h.code === m.code);

let state = Number(values.seed);
const below = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
let chosen = all.filter((m) => !isHarmless(m));
if (values.sample !== undefined) {
  const pool = [...chosen];
  chosen = [];
  while (chosen.length < Number(values.sample) && pool.length > 0)
    chosen.push(...pool.splice(below(pool.length), 1));
}
if (values.list) {
  for (const { family, file, line, kind, code } of chosen)
    process.stdout.write(`${family} ${file}:${line} ${kind}: ${code}\n`);
  process.stdout.write(`${chosen.length} faults, ${harmless.length} named as harmless\n`);
  process.exit(0);
}

// A tree of sources for each job, and objects of the unchanged backend, each built once.
const jobs = Number(values.jobs);
const work = mkdtempSync(join(tmpdir(), 'selfjudge-mutants-'));
const source = (job, name) => join(work, String(job), 'backends/cuda', name);
const object = (name) => join(work, `${name.replaceAll('/', '_')}.o`);
const units = readdirSync(cuda).filter((name) => name.endsWith('.cu'));
const hooks = object('simt/tsan_hooks.cpp');
const survivors = [];
let done = 0;

/** Why the fault was noticed; undefined when it was not. */
async function verdictOn(m, job) {
  const file = source(job, m.file);
  const original = readFileSync(file, 'utf8');
  const changed = unitsOf(cuda, m.file, '.cu');
  const own = (name) => (changed.includes(name) ? join(work, `${job}-${name}.o`) : object(name));
  writeFileSync(file, m.mutated);
  try {
    for (const unit of changed) await compile(source(job, unit), own(unit));
  } catch {
    return 'does not compile';
  } finally {
    writeFileSync(file, original);
  }
  const module = join(work, `${job}.so`);
  await run('g++', ['-shared', ...units.map(own), hooks, '-o', module]);
  const vitest = [bin('vitest', 'vitest.mjs'), 'run', '--project', 'cuda', '--bail', '1', '-t', m.tests];
  const env = { ...process.env, SELFJUDGE_CUDA_MODULE: module };
  const { status, output } = await run(process.execPath, vitest, { cwd: root, timeout: 100_000, env });
  return status === 0 ? undefined : reasonIn(output);
}

try {
  for (let job = 0; job < jobs; job++) {
    for (const part of ['include', 'core', 'backends/cuda', 'backends/arguments.h', 'backends/fail.h']) {
      cpSync(join(root, 'native', part), join(work, String(job), part), { recursive: true });
    }
  }
  await inParallel(units, jobs, (unit, job) => compile(source(job, unit), object(unit)));
  await compile(source(0, 'simt/tsan_hooks.cpp'), hooks, ['-fno-sanitize=thread']);
  await inParallel(chosen, jobs, async (m, job) => {
    const why = await verdictOn(m, job);
    if (why === undefined) survivors.push(m);
    const told = why === undefined ? 'SURVIVED' : `caught (${why.slice(0, 80)})`;
    process.stdout.write(
      `${++done}/${chosen.length} ${m.file}:${m.line} ${m.kind}: ${m.code}\n    ${told}\n`,
    );
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const { file, line, kind, code } of survivors) {
  process.stdout.write(`survived: ${file}:${line} ${kind}: ${code}\n`);
}
process.stdout.write(`${chosen.length - survivors.length} of ${chosen.length} faults caught\n`);
process.exit(survivors.length ? 1 : 0);
