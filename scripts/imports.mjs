// What the sources of this repository import, by TypeScript's own parser: type-only imports, re-exports, dynamic imports
// and `import('x').T` included. docs/architecture.md's picture and test/imports.test.ts are made of it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import ts from 'typescript';

const PROGRAMS = ['scripts', 'benchmarks', 'examples'];
// Their imports hold where they are copied to.
const TEMPLATES = /^scripts\/new(Op|Method)\/templates\//;

/** @returns the files below `folder` that are code, from `root`, with `/` on every system. */
function codeIn(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((path) => posix.join(folder, path.replaceAll('\\', '/')))
    .filter((path) => /\.m?[jt]s$/.test(path) && !path.includes('/node_modules/'))
    .sort();
}

/** What a file imports: specifiers as written, each once; a dynamic import of a computed name is `undefined`. */
export function importsOf(path, text) {
  const found = new Set();
  const literal = (node) => (node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined);
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) found.add(literal(node.moduleSpecifier));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) found.add(literal(node.moduleSpecifier));
    else if (ts.isExternalModuleReference(node)) found.add(literal(node.expression));
    else if (ts.isImportTypeNode(node)) found.add(literal(node.argument.literal));
    else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const loads =
        expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(expression) && expression.text === 'require');
      if (loads) found.add(literal(node.arguments[0]));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return [...found];
}

/**
 * The packages of the workspace, by name: their folder, package.json, tsconfig.json (where there is one) and sources.
 * A source is `shipped` unless it is a test or in a folder `testing`; each has its imports.
 */
export function readPackages(root) {
  const folders = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  const packages = [...folders, 'native'].flatMap((folder) => {
    const manifestPath = join(root, folder, 'package.json');
    if (!existsSync(manifestPath)) return [];
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
    const tsconfigPath = join(root, folder, 'tsconfig.json');
    const references = existsSync(tsconfigPath)
      ? JSON.parse(readFileSync(tsconfigPath, 'utf8')).references.map(({ path }) => posix.join(folder, path))
      : undefined;
    const paths =
      folder === 'native' ? ['native/index.mjs', 'native/index.d.mts'] : codeIn(root, `${folder}/src`);
    const sources = paths.map((path) => ({
      ...readSource(root, path),
      shipped: !path.endsWith('.test.ts') && !path.slice(folder.length).includes('/testing/'),
    }));
    return [{ name: manifest.name, folder, manifest, references, sources }];
  });
  return new Map(packages.map((one) => [one.name, one]));
}

/** The programs beside the packages: scripts, benches and examples, with their imports. */
export function readPrograms(root) {
  return PROGRAMS.flatMap((folder) => codeIn(root, folder))
    .filter((path) => !path.match(TEMPLATES))
    .map((path) => readSource(root, path));
}

const readSource = (root, path) => ({
  path,
  imports: importsOf(basename(path), readFileSync(join(root, path), 'utf8')),
});

/** The package that a bare specifier names, and what of it: `.` or `./part`. Undefined for Node's own. */
export function packageOf(specifier) {
  if (specifier.startsWith('node:') || specifier.startsWith('.')) return undefined;
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  return { name: parts.slice(0, length).join('/'), part: ['.', ...parts.slice(length)].join('/') };
}

/** The source that a relative import means: `./x.js` may be written in `x.ts`. */
export function sourceOf(importer, specifier, exists) {
  const path = posix.join(dirname(importer), specifier);
  return [path, path.replace(/js$/, 'ts')].find(exists);
}

/** Whether `part` of a package may be imported, by its package.json. */
export function isExported({ manifest }, part) {
  return Object.keys(manifest.exports ?? {}).some((key) => {
    const [before, after] = key.split('*');
    if (after === undefined) return key === part;
    return part.startsWith(before) && part.endsWith(after) && part.length > before.length + after.length;
  });
}

/** What the shipped sources of each package import of other packages of the workspace: names, by name. */
export function packageGraph(packages) {
  return new Map(
    [...packages.values()].map(({ name, sources }) => {
      const imported = sources
        .filter(({ shipped }) => shipped)
        .flatMap(({ imports }) => imports.map((one) => packageOf(one ?? '')?.name));
      const others = imported.filter((other) => other !== name && packages.has(other));
      return [name, new Set(others.sort())];
    }),
  );
}

/**
 * What the rooms of a package import of each other: folders of `src`, and the files that lie in none of them, each a
 * room of its own. Shipped sources alone.
 */
export function roomGraph({ folder, sources }) {
  const src = `${folder}/src/`;
  const paths = new Set(sources.map(({ path }) => path));
  const roomOf = (path) => path.slice(src.length).split('/')[0];
  const rooms = new Map();
  for (const { path, imports, shipped } of sources) {
    if (!shipped) continue;
    const room = roomOf(path);
    if (!rooms.has(room)) rooms.set(room, new Set());
    for (const specifier of imports) {
      if (!specifier?.startsWith('.')) continue;
      const target = sourceOf(path, specifier, (one) => paths.has(one));
      if (target !== undefined && roomOf(target) !== room) rooms.get(room).add(roomOf(target));
    }
  }
  return rooms;
}

/** The circles of a graph (name -> names): its strongly connected parts of more than one, sorted. Tarjan's algorithm. */
export function circles(graph) {
  const order = new Map();
  const lowest = new Map();
  const open = [];
  const found = [];
  const visit = (node) => {
    order.set(node, order.size);
    lowest.set(node, order.get(node));
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(node, Math.min(lowest.get(node), lowest.get(next)));
    }
    if (lowest.get(node) !== order.get(node)) return;
    const part = open.splice(open.indexOf(node));
    if (part.length > 1 || graph.get(node).has(node)) found.push(part.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}
