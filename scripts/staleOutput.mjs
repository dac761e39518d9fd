// What `tsc` leaves in dist of sources that are gone: it would be imported, packed and tested as if it were there.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Files of `folder`/dist whose source is no longer in `folder`/src, relative to `folder`. */
export function staleOutputs(folder) {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) return [];
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((path) => {
      const source = /^(.*?)(\.d)?\.[jt]s(\.map)?$/.exec(path)?.[1];
      return source !== undefined && !existsSync(join(folder, 'src', `${source}.ts`));
    })
    .map((path) => join('dist', path));
}

/** Removes them. */
export function dropStaleOutputs(folder) {
  for (const path of staleOutputs(folder)) rmSync(join(folder, path));
}
