import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, fileSystemError } from '@selfjudge/core';

/**
 * A file that appears under its name whole or not at all: text goes to a temporary file beside it, which is renamed at
 * the end. Devices and pipes are written to directly.
 */
class OutputFile {
  private readonly temporary: string;
  private readonly file: number;

  /** @throws ConfigError when there is no such folder, FileSystemError when it cannot be written to */
  constructor(private readonly path: string) {
    const there = statSync(path, { throwIfNoEntry: false });
    const folder = statSync(dirname(path), { throwIfNoEntry: false });
    if (there?.isDirectory() || !folder?.isDirectory())
      throw new ConfigError({
        key: '--out',
        expected: 'a file in a folder that is there',
        received: there?.isDirectory() ? `the folder ${path}` : path,
      });
    this.temporary = there === undefined || there.isFile() ? `${path}.${process.pid}.tmp` : path;
    this.file = this.guarded(() => openSync(this.temporary, 'w'));
  }

  write(text: string): void {
    this.guarded(() => writeFileSync(this.file, text));
  }

  /** Makes the file appear under its name. */
  finish(): void {
    this.guarded(() => {
      if (this.temporary !== this.path) fsyncSync(this.file);
      closeSync(this.file);
      if (this.temporary !== this.path) renameSync(this.temporary, this.path);
    });
  }

  /** Leaves nothing behind. */
  discard(): void {
    closeSync(this.file);
    if (this.temporary !== this.path) rmSync(this.temporary, { force: true });
  }

  private guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(this.path, 'a file that can be written', error);
    }
  }
}

/**
 * Runs work that writes text to a file, which is opened before the work begins and appears whole or not at all. Without
 * a path the text goes to `print`.
 */
export async function withOutput<T>(
  path: string | undefined,
  print: (text: string) => void,
  work: (write: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (path === undefined) return work(print);
  const file = new OutputFile(path);
  try {
    const result = await work((text) => file.write(text));
    file.finish();
    return result;
  } catch (error) {
    file.discard();
    throw error;
  }
}
