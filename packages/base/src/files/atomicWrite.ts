import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { bytes, check, iterable, path as isPath } from '../checks.js';
import { ArgumentError, fileSystemError } from '../errors.js';
import { PendingFile, syncPath } from './pendingFile.js';

/**
 * Writes a file so that `path` holds either what it held before or all of the new bytes, whatever stops the process or
 * the machine: the chunks go to a temporary file beside it, which is synced and then renamed.
 *
 * @throws FileSystemError when the disk is full, the folder missing or read-only; nothing is left behind then
 */
export async function atomicWrite(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  check('atomicWrite', { path, chunks }, { path: isPath, chunks: iterable });
  const file = new PendingFile(path);
  try {
    for await (const chunk of chunks) {
      bytes(chunk, 'chunks', 'atomicWrite');
      file.write(chunk);
    }
    file.commit();
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** `atomicWrite` of a text, without waiting in between. */
export function atomicWriteSync(path: string, text: string): void {
  const file = new PendingFile(path);
  try {
    file.write(Buffer.from(text));
    file.commit();
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** `value` as JSON with two spaces, written atomically. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  check('writeJson', { path }, { path: isPath });
  await atomicWrite(path, [Buffer.from(`${jsonOf(value)}\n`)]);
}

/**
 * Makes a folder and those above it, so that they outlast a failure of the machine.
 *
 * @returns the outermost folder that was made, if any was
 * @throws FileSystemError when the disk is full or the place read-only
 */
export function makeFolder(path: string): string | undefined {
  try {
    const made = mkdirSync(path, { recursive: true });
    if (made === undefined) return undefined;
    const outermost = resolve(made);
    for (let folder = resolve(path); folder.length >= outermost.length; folder = dirname(folder))
      syncPath(dirname(folder));
    return made;
  } catch (error) {
    throw fileSystemError(path, 'a folder that can be written', error);
  }
}

/** @throws ArgumentError for what JSON has no form for: a cycle, a bigint, a function */
function jsonOf(value: unknown): string {
  try {
    const json = JSON.stringify(value, null, 2) as string | undefined;
    if (json !== undefined) return json;
  } catch {
    // Told below, as what has no form at all.
  }
  throw new ArgumentError('value', {
    where: 'writeJson',
    expected: 'a value that JSON can hold',
    received: value,
  });
}
