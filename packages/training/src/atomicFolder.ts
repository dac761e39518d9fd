import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileSystemError } from '@selfjudge/core';

const MANIFEST = 'manifest.json';

/** What a finished folder must hold, by path inside it. */
interface Manifest {
  format: 1;
  files: Record<string, { bytes: number; sha256: string }>;
}

/**
 * Writes a folder that is there whole or not at all: `fill` writes into a temporary sibling, every file is synced and
 * hashed into manifest.json, then the folder is renamed into place. An older folder of the name is replaced. When
 * anything fails the temporary folder is removed and what was there stays.
 *
 * @throws FileSystemError when the disk is full or the place read-only
 */
export async function atomicFolder(path: string, fill: (dir: string) => Promise<void>): Promise<void> {
  const parent = dirname(path);
  const temporary = join(parent, `.${basename(path)}.${process.pid}.tmp`);
  try {
    mkdirSync(parent, { recursive: true });
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary);
    await fill(temporary);
    const manifest: Manifest = { format: 1, files: {} };
    for (const file of filesUnder(temporary)) manifest.files[relative(temporary, file)] = hashed(file, true);
    writeFileSync(join(temporary, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    sync(join(temporary, MANIFEST));
    sync(temporary);
    const old = join(parent, `.${basename(path)}.${process.pid}.old.tmp`);
    if (existsSync(path)) renameSync(path, old);
    renameSync(temporary, path);
    sync(parent);
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw fileSystemError(path, 'a folder that can be written', error);
  }
}

/** Removes what a stopped process left unfinished in `parent`. Only for whoever holds the run's lock. */
export function removeUnfinished(parent: string): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent))
    if (/^\..+\.tmp$/.test(name)) rmSync(join(parent, name), { recursive: true, force: true });
}

/** Why a folder is not what its manifest says, or undefined when it is. Reads every byte. */
export function folderFault(path: string): string | undefined {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(path, MANIFEST), 'utf8')) as Manifest;
  } catch (error) {
    return `${MANIFEST}: ${(error as Error).message}`;
  }
  if (manifest.format !== 1 || typeof manifest.files !== 'object' || manifest.files === null)
    return `${MANIFEST}: expected format 1 with a list of files, received format ${manifest.format}`;
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = join(path, name);
    if (!existsSync(file)) return `${name}: expected ${expected.bytes} bytes, received no file`;
    const found = hashed(file, false);
    if (found.bytes !== expected.bytes)
      return `${name}: expected ${expected.bytes} bytes, received ${found.bytes}`;
    if (found.sha256 !== expected.sha256)
      return `${name}: expected sha256 ${expected.sha256}, received ${found.sha256}`;
  }
  return undefined;
}

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    })
    .sort();
}

function hashed(path: string, andSync: boolean): { bytes: number; sha256: string } {
  const fd = openSync(path, 'r');
  try {
    if (andSync) fsyncSync(fd);
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(1 << 20);
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

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
