// No symbol is defined in two kernel files of the CPU: the linker keeps one of two weak definitions without a word, and a
// kernel would then compute with another's helper. Helpers belong into an anonymous namespace; what files share, into a
// header. Looks at the objects of the addon, and at the same without optimisation, where no helper is inlined away.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dropForeignBuild } from './buildFolder.mjs';
import { runQuietly } from './progress.mjs';

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');

const filesOf = (folder, pattern) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => pattern.test(path))
    .map((path) => join(folder, path));

// A type, or a variable that is no symbol of its file alone.
const OWN = [
  /^(?:struct|class|enum) (?:class )?(\w+)/gm,
  /^(?:template <.*>\s+|inline )(?:inline |constexpr |const |thread_local )*[^(){}=;]*\b(\w+)(?: =|\{|;)/gm,
];

/** Names of types and variables that sources define for themselves. */
function ownNames(sources) {
  const texts = sources.map((path) => readFileSync(path, 'utf8'));
  return texts.flatMap((text) =>
    OWN.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => name)),
  );
}

/** Symbol -> { object, at }[]: what objects define for others to see, `at` the "file:line" that debug information has. */
export function definedSymbols(objects) {
  const all = new Map();
  for (const object of objects) {
    const nm = spawnSync('nm', ['--demangle', '--line-numbers', '--defined-only', object], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (nm.status !== 0) throw new Error(`nm ${object}: ${nm.error?.message ?? nm.stderr}`);
    for (const [, name, line] of nm.stdout.matchAll(/^[0-9a-f]+ [A-Zu] ([^\t\n]*)(?:\t(.+:\d+))?$/gm)) {
      const places = all.get(name) ?? [];
      if (places.some((place) => place.object === object)) continue;
      all.set(name, [...places, { object, at: line && normalize(line) }]);
    }
  }
  return all;
}

const describe = (name, places) =>
  [name, ...places.map(({ object, at }) => `    ${basename(object)} ${at ?? ''}`)].join('\n');

/**
 * What is wrong with symbols that several objects define. One is right where all have it from the same line of a header,
 * so that it is one by the language's rules, and nothing that a kernel file names is a part of its name: two types of one
 * name would make two functions of one name. A lambda has no line and is what its function is; nor has a variable, which
 * has to be none that a kernel file defines. What else has none (tables of exceptions, members that the compiler writes)
 * has to be of libraries' types alone.
 */
export function sharedSymbols(symbols, sources) {
  const names = ownNames(sources).join('|') || '(?!)';
  const ofKernelFile = new RegExp(`\\bselfjudge::(?:\\w+::)*(?:${names})\\b`);
  const functionOf = (lambda) =>
    [...symbols].find(([name]) => name === lambda || name.endsWith(` ${lambda}`)) ?? ['selfjudge::?', [{}]];
  const right = (name, [{ at }, ...others]) => {
    if (others.some((place) => place.at !== at) || ofKernelFile.test(name)) return false;
    if (at !== undefined) return !/\.cpp:\d+$/.test(at);
    const [, inside] = /^(.*)::\{lambda\([^{}]*\)#\d+\}::operator\(\)/.exec(name) ?? [];
    return inside === undefined
      ? /^[\w:]+$/.test(name) || !/\bselfjudge::/.test(name)
      : right(...functionOf(inside));
  };
  return [...symbols]
    .filter(([name, places]) => places.length > 1 && !right(name, places))
    .map(([name, places]) => describe(name, places));
}

function buildWithoutOptimisation() {
  const folder = join(native, 'build/objects');
  dropForeignBuild(folder, native);
  // Of version 5, nm names a wrong file for some lines.
  const options = [
    '-DSELFJUDGE_NATIVE_TESTS=ON',
    '-DCMAKE_BUILD_TYPE=Debug',
    '-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1 -gdwarf-4',
  ];
  const targets = ['cpu_objects', 'cpu_backend'];
  for (const args of [
    ['-S', native, '-B', folder, ...options],
    ['--build', folder, '--parallel', String(cpus().length), '--target', ...targets],
  ]) {
    const result = runQuietly('cmake', args);
    if (result.status !== 0) throw new Error(`cmake ${args.join(' ')}\n${result.stdout}`);
  }
  return targets.map((target) => join(folder, `test/CMakeFiles/${target}.dir`));
}

function main() {
  const sources = filesOf(join(native, 'backends/cpu'), /\.cpp$/);
  // An object's path ends in its source's below native/. Those of sources that are gone may still lie there.
  const objectsIn = (folder) =>
    filesOf(folder, /\.o$/).filter((object) =>
      sources.some((source) => object.endsWith(`${source.slice(native.length)}.o`)),
    );
  const expectAll = (objects) => {
    if (objects.length === sources.length) return objects;
    throw new Error(`expected ${sources.length} objects of kernel files, received ${objects.length}`);
  };
  const debug = definedSymbols(expectAll(buildWithoutOptimisation().flatMap(objectsIn)));
  const wrong = sharedSymbols(debug, sources);
  // Those of the addon have no lines: what several define must be what the check above let pass.
  const addon = expectAll(objectsIn(join(native, 'build/CMakeFiles/selfjudge_native.dir')));
  for (const [name, places] of definedSymbols(addon))
    if (places.length > 1 && (debug.get(name)?.length ?? 0) < 2) wrong.push(describe(name, places));
  for (const text of wrong) process.stdout.write(`defined in several kernel files: ${text}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
