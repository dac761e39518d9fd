import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fileSystemError } from '../errors.js';

/**
 * A file that is not there yet: what is written goes to a hidden temporary file beside it, which takes the name whole or
 * not at all. What had the name before keeps it until then. End with `commit` or `discard`.
 */
export class PendingFile {
  private readonly temporary: string;
  private fd: number | undefined;

  /** @throws FileSystemError when the folder is missing, full or read-only */
  constructor(private readonly path: string) {
    this.temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    this.fd = this.guarded(() => openSync(this.temporary, 'w'));
  }

  /** @throws FileSystemError when the disk is full */
  write(bytes: Uint8Array): void {
    this.guarded(() => {
      let done = 0;
      // One write takes at most 2^31 - 1 bytes.
      while (done < bytes.length)
        done += writeSync(this.fd!, bytes, done, Math.min(bytes.length - done, 1 << 30));
    });
  }

  /**
   * Puts the file in its place, where a failure of the machine finds it too.
   * @throws FileSystemError
   */
  commit(): void {
    this.guarded(() => {
      fsyncSync(this.fd!);
      this.close();
      renameSync(this.temporary, this.path);
      // The rename itself is durable only once the folder is.
      syncPath(dirname(this.path));
    });
  }

  /** Leaves nothing behind; after `commit` nothing is left to do. */
  discard(): void {
    try {
      this.close();
      rmSync(this.temporary, { force: true });
    } catch {
      // The error that led here is the one to tell.
    }
  }

  private close(): void {
    const { fd } = this;
    this.fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  private guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(this.path, 'a file that can be written', error);
    }
  }
}

/** Makes a file's bytes, or what was created, renamed and removed in a folder, outlast a failure of the machine. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
