import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

it('docs/configuration.md says what the methods declare', () => {
  const page = execFileSync(process.execPath, ['scripts/configuration.mjs', '--print'], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(readFileSync(join(repository, 'docs/configuration.md'), 'utf8')).toBe(page);
});

/** The declaration files that a package's users see, followed from its entries. */
function declarations(folder: string): string[] {
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports?: Record<string, { types?: string }>;
  };
  const open = Object.values(exports).flatMap(({ types }) =>
    types === undefined || types.endsWith('internal.d.ts') ? [] : [resolve(folder, types)],
  );
  const seen = new Set<string>();
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g))
      open.push(resolve(dirname(file), `${path}.d.ts`));
  }
  return [...seen];
}

it('no published type names zod', () => {
  const packages = readdirSync(join(repository, 'packages')).map((name) =>
    join(repository, 'packages', name),
  );
  const published = packages.filter((folder) => existsSync(join(folder, 'dist'))).flatMap(declarations);
  expect(published.length).toBeGreaterThan(50);
  const naming = published.filter((file) => /\bzod\b/.test(readFileSync(file, 'utf8')));
  expect(naming.map((file) => relative(repository, file))).toEqual([]);
});
