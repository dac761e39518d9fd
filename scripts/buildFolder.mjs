// CMake's files name the folders they were made for: in a copied checkout they would build the original.
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Removes what CMake keeps in `folder` when it was made for other sources than `source`; what was built stays. */
export function dropForeignBuild(folder, source) {
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const made = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (made !== undefined && existsSync(made) && realpathSync(made) === realpathSync(source)) return;
  for (const name of ['CMakeCache.txt', 'CMakeFiles', 'build.ninja', 'Makefile', '.ninja_deps', '.ninja_log'])
    rmSync(join(folder, name), { recursive: true, force: true });
}
