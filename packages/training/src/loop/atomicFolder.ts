import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { atomicWriteSync, fileSystemError, makeFolder, show, syncPath } from '@selfjudge/base';
import { COUNT, OBJECT, type Fields } from '../runs/jsonFields.js';

const MANIFEST = 'manifest.json';

const FORMAT = 1;

/** What a finished folder must hold, by path inside it. */
interface Manifest {
  format: typeof FORMAT;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** What is wrong with a folder: the first file that is not what the manifest says. */
export interface FolderFault {
  path: string;
  expected: string;
  received: string;
  /** What to do when nothing is damaged. */
  advice?: string;
}

/** The fault of a file that is whole, and in a format of another version: nothing is to be removed. */
export const otherFormat = (path: string, expected: string, found: number): FolderFault => ({
  path,
  expected,
  received: `format ${found}`,
  advice:
    'another version of selfjudge wrote it: go on with that version, or begin anew in another output_dir',
});

/**
 * Writes a folder that is there whole or not at all: `fill` writes into a temporary sibling, every file is synced and
 * hashed into manifest.json, then the folder is renamed into place. When anything fails the temporary folder is removed
 * and what was there stays. An older folder of the name is replaced; a process stopped between the two renames of that
 * leaves neither under the name and both beside it.
 *
 * @throws FileSystemError when the disk is full or the place read-only
 */
export async function atomicFolder(path: string, fill: (dir: string) => Promise<void>): Promise<void> {
  const parent = dirname(path);
  const temporary = asidePath(path, '');
  try {
    makeFolder(parent);
    rmSync(temporary, { recursive: true, force: true });
    makeFolder(temporary);
    await fill(temporary);
    const manifest: Manifest = { format: FORMAT, files: {} };
    const { files, folders } = contents(temporary);
    for (const file of files) manifest.files[relative(temporary, file)] = hashed(file, true);
    for (const folder of folders) syncPath(folder);
    atomicWriteSync(join(temporary, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    putInPlace(temporary, path);
  } catch (error) {
    discard(temporary);
    throw fileSystemError(path, 'a folder that can be written', error);
  }
}

function putInPlace(temporary: string, path: string): void {
  const old = asidePath(path, '.old');
  const replaced = existsSync(path);
  if (replaced) renameSync(path, old);
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (replaced) renameSync(old, path);
    throw error;
  }
  syncPath(dirname(path));
  rmSync(old, { recursive: true, force: true });
}

function discard(temporary: string): void {
  try {
    rmSync(temporary, { recursive: true, force: true });
  } catch {
    // The error that led here is the one to tell; whoever opens the run next sweeps up.
  }
}

/** Removes a folder so that no moment shows a part of it under its name. */
export function removeFolder(path: string): void {
  const aside = asidePath(path, '.old');
  renameSync(path, aside);
  rmSync(aside, { recursive: true, force: true });
}

/** Removes what a stopped process left unfinished in `parent`. Only for whoever holds the run's lock. */
export function removeUnfinished(parent: string): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent))
    if (/^\..+\.\d+(\.old)?\.tmp$/.test(name)) rmSync(join(parent, name), { recursive: true, force: true });
}

/** Removes what processes that are gone left unfinished of this one folder. */
export function removeAbandoned(path: string): void {
  const [parent, begin] = [dirname(path), `.${basename(path)}.`];
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(begin)
      ? /^(\d+)(\.old)?\.tmp$/.exec(name.slice(begin.length))?.[1]
      : undefined;
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Paths in a folder of files that its manifest does not name; undefined where it has none. */
export function filesBeyondManifest(path: string): string[] | undefined {
  try {
    const { files } = JSON.parse(readFileSync(join(path, MANIFEST), 'utf8')) as { files: unknown };
    if (typeof files !== 'object' || files === null) return undefined;
    const own = contents(path).files.map((file) => relative(path, file));
    return own.filter((file) => file !== MANIFEST && !Object.hasOwn(files, file));
  } catch {
    return undefined;
  }
}

/** Why a folder is not what its manifest says, or undefined when it is. Reads every byte. */
export function folderFault(path: string): FolderFault | undefined {
  const file = join(path, MANIFEST);
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { format, files } = OBJECT.fits(content) ? content : {};
    const expected = `format ${FORMAT} with a list of files`;
    if (format === FORMAT && OBJECT.fits(files)) return filesFault(path, files);
    if (COUNT.fits(format) && format !== FORMAT) return otherFormat(file, expected, format);
    return { path: file, expected, received: 'another file' };
  } catch (error) {
    return { path: file, expected: 'a list of the files of this folder', received: (error as Error).message };
  }
}

function filesFault(folder: string, files: Fields): FolderFault | undefined {
  for (const [name, entry] of Object.entries(files)) {
    const { bytes, sha256 } = OBJECT.fits(entry) ? entry : {};
    if (typeof bytes !== 'number' || typeof sha256 !== 'string')
      return {
        path: join(folder, MANIFEST),
        expected: `bytes and sha256 of ${name}`,
        received: show(entry),
      };
    const path = join(folder, name);
    if (!isFile(path)) return { path, expected: `a file of ${bytes} bytes`, received: 'no file' };
    let found: ReturnType<typeof hashed>;
    try {
      found = hashed(path, false);
    } catch (error) {
      return { path, expected: 'a readable file', received: (error as Error).message };
    }
    if (found.bytes !== bytes) return { path, expected: `${bytes} bytes`, received: `${found.bytes}` };
    if (found.sha256 !== sha256)
      return { path, expected: `sha256 ${sha256}`, received: `sha256 ${found.sha256}` };
  }
  return undefined;
}

/** Whether there is a file of that name; a name that no file can have names none. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A hidden name beside `path` that `removeUnfinished` knows. */
const asidePath = (path: string, what: string) =>
  join(dirname(path), `.${basename(path)}.${process.pid}${what}.tmp`);

/** Files and folders under a folder, sorted; folders after those they hold. */
function contents(dir: string): { files: string[]; folders: string[] } {
  const paths = readdirSync(dir, { recursive: true })
    .map((name) => join(dir, String(name)))
    .sort();
  const isFolder = (path: string) => statSync(path).isDirectory();
  return { files: paths.filter((path) => !isFolder(path)), folders: paths.filter(isFolder).reverse() };
}

function hashed(path: string, andSync: boolean): { bytes: number; sha256: string } {
  const fd = openSync(path, 'r');
  try {
    if (andSync) fsyncSync(fd);
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(1 << 20, fstatSync(fd).size + 1));
    let bytes = 0;
    for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
      hash.update(chunk.subarray(0, n));
      bytes += n;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(fd);
  }
}
