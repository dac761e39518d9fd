import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { RepositoryFile } from './repositoryFiles.js';

/** The files below a folder as a repository would list them, without those that are hidden; none where there is no folder. */
export function filesIn(folder: string): RepositoryFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const path = name.split(sep).join('/');
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    const isHidden = path.split('/').some((part) => part.startsWith('.'));
    return stat?.isFile() === true && !isHidden ? [{ path, size: stat.size, etag: '' }] : [];
  });
}
