import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { fileSystemError } from '../../errors.js';

/**
 * Writes a file so that `path` holds either what it held before or all of the new bytes, whatever stops the process:
 * the chunks go to a temporary file beside it, which is synced and then renamed.
 *
 * @throws FileSystemError when the disk is full, the folder missing or read-only; nothing is left behind then
 */
export async function atomicWrite(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      for await (const chunk of chunks) writeFully(fd, chunk);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileSystemError(path, 'a file that can be written', error);
  }
  // The rename itself is durable only once the folder is.
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** `value` as JSON with two spaces, written atomically. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return atomicWrite(path, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);
}

function writeFully(fd: number, bytes: Uint8Array): void {
  let done = 0;
  // One write takes at most 2^31 - 1 bytes.
  while (done < bytes.length) done += writeSync(fd, bytes, done, Math.min(bytes.length - done, 1 << 30));
}
