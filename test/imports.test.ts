// Imports point one way: no file, no room of a package and no package imports what imports it; a package declares what it
// imports and nothing else; nobody reaches past a package's `exports`. Type-only imports count like all others.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { architecture, drawn } from '../scripts/architecture.mjs';
import {
  circles,
  importsOf,
  isExported,
  packageGraph,
  packageOf,
  readPackages,
  readPrograms,
  roomGraph,
  sourceOf,
} from '../scripts/imports.mjs';
import { repository } from './support/scratchRepository.js';

interface Source {
  path: string;
  imports: (string | undefined)[];
  shipped?: boolean;
}
interface Package {
  name: string;
  folder: string;
  manifest: {
    private?: boolean;
    exports: Record<string, string | Record<string, string>>;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  references?: string[];
  sources: Source[];
}

const NATIVE = '@selfjudge/native';
const KIT = '@selfjudge/testing';
const packages: Map<string, Package> = readPackages(repository);
const programs: Source[] = readPrograms(repository);
const code = [...packages.values()].flatMap(({ sources }) =>
  sources.filter(({ path }) => !path.endsWith('.test.ts')),
);
const everything = [...code, ...programs];
const paths = new Set([...packages.values()].flatMap(({ sources }) => sources.map(({ path }) => path)));
for (const { path } of programs) paths.add(path);

/** What a source imports by path: of another package of this repository, what its build was made from. */
const targets = ({ path, imports }: Source) =>
  imports
    .filter((one): one is string => one?.startsWith('.') ?? false)
    .map((specifier) => ({
      specifier,
      target: sourceOf(path, specifier, (one: string) => paths.has(one)) as string | undefined,
    }));
/** Names of the packages that sources import. */
const namesIn = (sources: Source[]) =>
  new Set(
    sources
      .flatMap(({ imports }) => imports.map((one) => packageOf(one ?? '')?.name))
      .filter((name): name is string => name !== undefined && name !== ''),
  );
const keys = (record: Record<string, string> = {}) => Object.keys(record);

it('reads imports of every kind, and none that is only written about', () => {
  const text = `
    import type { A } from 'a';
    import { type B } from './b.js';
    export type { C } from 'c';
    export * from 'd';
    import 'e';
    import F = require('f');
    type G = import('g').G;
    const h = await import('h');
    const i = await import(\`i\`);
    const j = require('j');
    const k = await import(h.name);
    // import 'x';
    const written = "import 'y'";
    export { written };
  `;
  const expected = ['a', './b.js', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', undefined];
  expect(importsOf('x.ts', text)).toEqual(expected);
});

it('finds a circle, and no circle where there is none', () => {
  const graph = (edges: Record<string, string[]>) =>
    new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));
  expect(circles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([]);
  expect(circles(graph({ e: ['a'], a: ['b'], b: ['c'], c: ['a'], d: ['d'] }))).toEqual([
    ['a', 'b', 'c'],
    ['d'],
  ]);
});

describe('the sources of this repository', () => {
  it('are all read', () => {
    expect(packages.size).toBeGreaterThanOrEqual(10);
    for (const { name, sources } of packages.values()) expect(sources.length, name).toBeGreaterThan(1);
    expect(programs.length).toBeGreaterThan(50);
  });

  it('have no circle between files', () => {
    const graph = new Map(
      everything.map((source) => [
        source.path,
        new Set(targets(source).flatMap(({ target }) => (target === undefined ? [] : [target]))),
      ]),
    );
    expect(circles(graph)).toEqual([]);
  });

  it('have no circle between the rooms of a package', () => {
    const found = [...packages.values()].flatMap((one) =>
      circles(roomGraph(one)).map((circle: string[]) => circle.map((room) => `${one.folder}/src/${room}`)),
    );
    expect(found).toEqual([]);
  });

  it('have no circle between packages', () => {
    expect(circles(packageGraph(packages))).toEqual([]);
  });

  it('import files that are there, of their own package', () => {
    const wrong = [...packages.values()].flatMap(({ folder, sources }) =>
      sources.flatMap((source) =>
        targets(source)
          .filter(({ target }) => target === undefined || !target.startsWith(`${folder}/`))
          .map(({ specifier }) => `${source.path}: ${specifier}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('compute no name of an import in what is shipped', () => {
    const shipped = code.filter((source) => source.shipped);
    expect(shipped.filter(({ imports }) => imports.includes(undefined)).map(({ path }) => path)).toEqual([]);
  });

  it('import of a package what it exports', () => {
    const byName = everything.flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => {
        const named = packageOf(specifier ?? '');
        const other = named && packages.get(named.name);
        return other === undefined || isExported(other, named!.part) ? [] : [`${path}: ${specifier}`];
      }),
    );
    expect(byName).toEqual([]);
    // Programs import what was built, by path.
    const entries = [...packages.values()].flatMap(({ folder, manifest }) =>
      Object.values(manifest.exports).flatMap((entry) =>
        (typeof entry === 'string' ? [entry] : Object.values(entry)).map((file) => join(folder, file)),
      ),
    );
    const byPath = programs.flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => {
        if (!specifier?.startsWith('.')) return [];
        const file = join(path, '..', specifier);
        const reaches = /^(packages|native)\//.test(file)
          ? entries.includes(file)
          : existsSync(join(repository, file));
        return reaches ? [] : [`${path}: ${specifier}`];
      }),
    );
    expect(byPath).toEqual([]);
  });

  it('import the addon from the engine alone, and the kit', () => {
    const importers = [...packages.values()].filter(({ sources }) =>
      namesIn(sources.filter(({ shipped }) => shipped)).has(NATIVE),
    );
    expect(importers.map(({ name }) => name).sort()).toEqual(['@selfjudge/engine', KIT]);
  });

  it('never import the kit where they are shipped', () => {
    const importers = [...packages.values()].filter(({ sources, name }) =>
      namesIn(sources.filter(({ shipped }) => shipped && name !== KIT)).has(KIT),
    );
    expect(importers.map(({ name }) => name)).toEqual([]);
  });
});

describe.each([...packages.values()].filter(({ name }) => name !== NATIVE))('$name', (one) => {
  const { name, manifest, references, sources } = one;
  const shipped = namesIn(sources.filter((source) => source.shipped));
  const all = namesIn(sources);
  // vitest and fast-check are the repository's; the kit is never installed without it.
  const common = ['vitest', 'fast-check', name];

  it('declares what it imports, and nothing else', () => {
    const own =
      manifest.private === true ? [...shipped].filter((used) => !common.includes(used)) : [...shipped];
    expect(keys(manifest.dependencies).sort()).toEqual(own.sort());
  });

  it('declares what its tests import, and nothing else', () => {
    const known = new Set([...keys(manifest.dependencies), ...common]);
    const own = [...all].filter((used) => !known.has(used));
    expect(keys(manifest.devDependencies).sort()).toEqual(own.sort());
  });

  it('builds after what it imports', () => {
    if (references === undefined) return expect(manifest.private).toBe(true);
    const needed = [...packageGraph(packages).get(name)!].filter((used) => used !== NATIVE);
    expect([...references].sort()).toEqual(needed.map((used) => packages.get(used as string)!.folder).sort());
  });
});

it('docs/architecture.md shows them as they are', () => {
  expect(drawn(repository), 'run: node scripts/architecture.mjs').toBe(architecture(repository));
});
