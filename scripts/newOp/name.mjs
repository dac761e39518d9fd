// Which names a new op may have: its wrapper is a TypeScript function, its stem a C++ namespace, and neither may be taken.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { camel, readOps, snake } from '../opCatalog.mjs';
import { PATHS } from '../opPaths.mjs';

/** What is wrong with the call, in the form of the library's errors. `code` is SJ_WRONG_ARGUMENT. */
export class NewOpError extends Error {
  name = 'NewOpError';
  code = 'SJ_WRONG_ARGUMENT';
  constructor(what, { expected, received }) {
    super(`[new:op] ${what}: expected ${expected}, received ${received}`);
    this.details = { what, where: 'new:op', expected, received };
  }
}

const RESERVED = new Set(
  // C++ words that TypeScript would allow, then TypeScript's, then names that the scaffold uses itself.
  `alignas alignof and asm auto bitand bitor bool char compl concept consteval constexpr constinit decltype double
  explicit extern float friend goto inline int long mutable namespace noexcept not operator or private protected public
  register requires short signed sizeof static struct template thread_local typedef typeid typename union unsigned
  virtual void volatile wchar_t xor errno
  abstract arguments async await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package return super
  switch this throw true try typeof undefined var while with yield
  activation added calls count engine enqueue expected make record tensor tree`.split(/\s+/),
);

/** Names that the modules beside the wrappers export. */
function exported(root) {
  const names = new Set();
  for (const source of PATHS.modules.map((path) => join(root, path))) {
    for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
      const text = readFileSync(join(source, path), 'utf8');
      for (const [, name] of text.matchAll(/^export (?:async )?(?:function|class|const|let) (\w+)/gm))
        names.add(name);
    }
  }
  return names;
}

/** Throws a NewOpError unless an op of this name can be made. `files` are those it would have. */
export function checkName(root, name, files) {
  const wrong = (expected, received = name) => {
    throw new NewOpError('NAME', { expected, received });
  };
  if (name === undefined) wrong('the name of an op in lowerCamelCase', 'none');
  if (!/^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)*$/.test(name)) wrong('lowerCamelCase, as in scaledSquare');
  const stem = snake(name);
  if (camel(stem) !== name) wrong('a digit that follows a letter');
  if (name.endsWith('Backward')) wrong('the name of a forward: its backward is made with it');
  if (RESERVED.has(name) || RESERVED.has(stem)) wrong('a word that no language here reserves');
  const taken = readOps(root).find((op) => op.stem === stem || op.stem === `${stem}_backward`);
  if (taken) wrong('a new op', `${name}, which is there (pnpm ops ${name})`);
  if (exported(root).has(name))
    wrong(`a name that ${PATHS.project} does not export`, `${name}, which it does`);
  const there = files(name, stem).find((path) => existsSync(join(root, path)));
  if (there !== undefined) wrong('an op whose files are not there', `${name}: ${there} is there`);
  return { name, stem };
}
