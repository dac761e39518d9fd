// What the repository has of each op, read from its sources: no build is needed. The rule: an op has one stem everywhere,
// snake_case in C++ and camelCase above it.
//
//   contract     FAMILY.h, namespace STEM, and X(STEM) in SJ_OPS
//   cpu, cuda    run_STEM in STEM.{cpp,cu} or FAMILY.{cpp,cu}
//   wrapper      enqueues STEM, in the file of the op, of its forward or of the family
//   cases        { op: 'name' }; the gradients of a case cover the backward
//   wrong calls  a row `name: entry(...)` of the table of right and wrong arguments; covers the backward
//   bench        export const name; `backward: true` covers the backward
//
// opPaths.mjs says in which folder each lies.
// FAMILY is the contract's header: forward and backward, or ops that are of one kind, may share files.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PATHS } from './opPaths.mjs';

export const PLACES = ['contract', 'cpu', 'cuda', 'wrapper', 'cases', 'wrong calls', 'bench'];

/** What an op may lack, or have elsewhere, and why. */
const FROZEN = {
  cases: 'those of linearLogprob with a frozen head',
  'wrong calls': "linearLogprob's: its wrapper enqueues both",
  bench: "linearLogprob's: its head is frozen",
};
export const EXCUSED = {
  linear_logprob_expectation: FROZEN,
  linear_logprob_expectation_backward: FROZEN,
  pack: { wrapper: 'weight.ts: a Weight owns its packing', 'wrong calls': "Weight.pack's" },
  unpack: {
    wrapper: 'weight.ts: a Weight owns its packing',
    'wrong calls': 'Weight#rows takes no argument',
    cases: "the case of 'pack' reads the rows back",
  },
  reshape: {
    contract: 'a view of the same memory: nothing runs',
    cpu: 'a view of the same memory: nothing runs',
    cuda: 'a view of the same memory: nothing runs',
    bench: 'a view of the same memory: nothing runs',
  },
};

/** Wrappers that are named otherwise than their ops, or choose between ops. */
const SHARED = { cast: ['cast_f32', 'cast_bf16'], clone: ['copy'], copyTo: ['copy'] };

export const camel = (stem) => stem.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
export const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const forwardOf = (stem) => stem.replace(/_backward$/, '');

function* sources(folder, pattern) {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (pattern.test(path)) yield [path, readFileSync(join(folder, path), 'utf8')];
  }
}

/** Adds `path` to the paths of `name`. */
function add(map, name, path) {
  map.set(name, [...(map.get(name) ?? []), path]);
}

function readContracts(root) {
  const families = new Map();
  for (const [path, text] of sources(join(root, PATHS.contracts), /\.h$/)) {
    for (const [, stem] of text.matchAll(/^namespace (?:selfjudge::ops::)?(\w+) \{/gm))
      if (stem !== 'selfjudge') families.set(stem, basename(path, '.h'));
  }
  const list = readFileSync(join(root, PATHS.list), 'utf8').match(/#define SJ_OPS[^]*?[^\\]\n/)[0];
  const registered = [...list.matchAll(/\bX\((\w+)\)/g)].map(([, stem]) => stem).filter((s) => s !== 'stem');
  return { families, registered };
}

function readKernels(folder, pattern) {
  const found = new Map();
  for (const [path, text] of sources(folder, pattern))
    for (const [, stem] of text.matchAll(/^int32_t run_(\w+)\(/gm)) add(found, stem, basename(path));
  return found;
}

function readWrappers(root) {
  const found = new Map();
  const functions = new Set();
  for (const [path, text] of sources(join(root, PATHS.tensor), /^(?!.*\.test\.ts$).*\.ts$/)) {
    for (const [, argument] of text.matchAll(/\benqueue(?:One)?\(\s*([^,)]*),/g)) {
      const stems = argument.replace(/===\s*'\w+'/g, '').matchAll(/'(\w+)'/g);
      for (const [, stem] of stems) add(found, stem, path);
    }
    if (path.startsWith('ops/') && !/\benqueue/.test(text)) functions.add(snake(basename(path, '.ts')));
  }
  // A wrapper that enqueues nothing of its own is an op without a kernel, or one whose kernel is missing.
  for (const stem of functions) add(found, stem, `ops/${camel(stem)}.ts`);
  return found;
}

function readCases(root) {
  const found = new Map();
  for (const [path, text] of sources(join(root, PATHS.cases), /\.ts$/)) {
    for (const [entry, , name] of text.matchAll(/^( *)op: '(\w+)',[^]*?^(?!\1|$)/gm)) {
      for (const stem of SHARED[name] ?? [snake(name)]) {
        add(found, stem, path);
        if (!/differentiable: false/.test(entry)) add(found, `${stem}_backward`, path);
      }
    }
  }
  return found;
}

function readWrongCalls(root) {
  const found = new Map();
  const text = readFileSync(join(root, PATHS.wrongCalls), 'utf8');
  for (const [, name] of text.matchAll(/^ {2}(\w+): entry\(/gm)) {
    for (const stem of SHARED[name] ?? [snake(name)])
      for (const covered of [stem, `${stem}_backward`]) add(found, covered, basename(PATHS.wrongCalls));
  }
  return found;
}

function readBenches(root) {
  const found = new Map();
  for (const [path, text] of sources(join(root, PATHS.bench), /\.mjs$/)) {
    for (const [body, name] of text.matchAll(/^export const (\w+) = \{$[^]*?^\};$/gm)) {
      add(found, snake(name), path);
      if (/^ {2}backward: true,$/m.test(body)) add(found, `${snake(name)}_backward`, path);
    }
  }
  return found;
}

/**
 * Every op known anywhere, by stem: where each place has it, and what is wrong: { place, why }. A `why` that EXCUSED
 * gives is no problem.
 */
export function readOps(root) {
  const { families, registered } = readContracts(root);
  const places = {
    cpu: readKernels(join(root, PATHS.cpu), /^(?!backend\.)(attention\/)?\w+\.cpp$/),
    cuda: readKernels(join(root, PATHS.cuda), /^(?!backend\.)\w+\.cu$/),
    wrapper: readWrappers(root),
    cases: readCases(root),
    'wrong calls': readWrongCalls(root),
    bench: readBenches(root),
  };
  const native = new Set([...registered, ...families.keys(), ...places.cpu.keys(), ...places.cuda.keys()]);
  // A case, a row or a bench of NAME says that NAME_backward is covered, not that there is such an op.
  const named = ['wrapper', 'cases', 'wrong calls', 'bench'].flatMap((place) =>
    [...places[place].keys()].filter((stem) => native.has(stem) || !stem.endsWith('_backward')),
  );
  const stems = new Set([...native, ...named]);
  return [...stems].map((stem) => {
    const found = { contract: families.has(stem) ? [`${families.get(stem)}.h`] : [] };
    for (const place of Object.keys(places)) found[place] = places[place].get(stem) ?? [];
    return { stem, found, problems: problemsOf(stem, found, families.get(stem), registered) };
  });
}

/** What is said of a place that has its own file to edit. */
const MISSING = { 'wrong calls': `missing in ${PATHS.wrongCalls}` };

function problemsOf(stem, found, family, registered) {
  const problems = [];
  const shared = Object.keys(SHARED).find((name) => SHARED[name].includes(stem));
  const homes = [stem, forwardOf(stem), family, shared].filter((home) => home !== undefined);
  const files = {
    cpu: homes.map((home) => `${home}.cpp`),
    cuda: homes.map((home) => `${home}.cu`),
    wrapper: homes.map((home) => `ops/${camel(home)}.ts`),
  };
  for (const place of PLACES) {
    if (found[place].length === 0) problems.push({ place, why: MISSING[place] ?? 'missing' });
    else if (files[place] && !found[place].some((path) => files[place].includes(path)))
      problems.push({
        place,
        why: `in ${found[place][0]}, not in ${[...new Set(files[place])].join(' or ')}`,
      });
  }
  if (found.contract.length > 0 && !registered.includes(stem))
    problems.push({ place: 'contract', why: 'not in SJ_OPS' });
  return problems.map((problem) => ({ ...problem, excuse: EXCUSED[stem]?.[problem.place] }));
}

/** Excuses that excuse nothing, as "stem place". */
export function idleExcuses(ops) {
  return Object.entries(EXCUSED).flatMap(([stem, places]) =>
    Object.keys(places)
      .filter((place) => {
        const problems = ops.find((op) => op.stem === stem)?.problems ?? [];
        return !problems.some((problem) => problem.place === place);
      })
      .map((place) => `${stem} ${place}`),
  );
}

/** Names that benchmarks/peers/ops holds. */
export function readPeers(root) {
  const names = new Set();
  for (const [, text] of sources(join(root, PATHS.peers), /\.py$/)) {
    const [, entries] = text.match(/^OPS = \{([^}]*)\}/m) ?? [undefined, ''];
    for (const [, name] of entries.matchAll(/"(\w+)":/g)) names.add(name);
  }
  return names;
}

/** A table of ops and places: a dot where all is well, * where there is an excuse, else what is wrong. */
export function table(ops) {
  const cell = (op, place) => {
    const problems = op.problems.filter((problem) => problem.place === place);
    const open = problems.find((problem) => problem.excuse === undefined);
    if (open) return open.why;
    return problems.length > 0 ? '*' : '.';
  };
  const rows = [['op', ...PLACES], ...ops.map((op) => [op.stem, ...PLACES.map((place) => cell(op, place))])];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
  const notes = ops.flatMap(({ stem, problems }) =>
    problems.filter(({ excuse }) => excuse).map(({ place, excuse }) => `* ${stem} ${place}: ${excuse}`),
  );
  return [...lines, ...notes].join('\n');
}
