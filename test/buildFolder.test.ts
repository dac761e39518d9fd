// A copied checkout builds itself: CMake's files of the original are not used, those of its own are.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dropForeignBuild } from '../scripts/buildFolder.mjs';

it.each([
  ['its own', (root: string) => join(root, 'native'), true],
  ['another checkout', (root: string) => join(root, 'other'), false],
  ['a checkout that is gone', (root: string) => join(root, 'gone'), false],
])('a build folder made for %s', (_, made, kept) => {
  const root = mkdtempSync(join(tmpdir(), 'selfjudge-build-'));
  for (const folder of ['native/build/CMakeFiles', 'native/build/Release', 'other'])
    mkdirSync(join(root, folder), { recursive: true });
  const build = join(root, 'native/build');
  writeFileSync(join(build, 'CMakeCache.txt'), `A:STRING=b\nCMAKE_HOME_DIRECTORY:INTERNAL=${made(root)}\n`);
  writeFileSync(join(build, 'build.ninja'), '');
  dropForeignBuild(build, join(root, 'native'));
  expect(
    ['CMakeCache.txt', 'CMakeFiles', 'build.ninja'].map((name) => existsSync(join(build, name))),
  ).toEqual([kept, kept, kept]);
  expect(existsSync(join(build, 'Release'))).toBe(true);
  rmSync(root, { recursive: true });
});
