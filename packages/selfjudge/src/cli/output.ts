import { closeSync, existsSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, fileSystemError, PendingFile } from '@selfjudge/base';
import { expandHome, isSame } from '@selfjudge/base/internal';

/** Where text goes: a file that appears whole at the end, or a device or pipe that is written to directly. */
type Output = Pick<PendingFile, 'write' | 'commit' | 'discard'>;

export class DeviceOutput implements Output {
  private readonly fd: number;

  constructor(private readonly path: string) {
    this.fd = this.guarded(() => openSync(path, 'w'));
  }

  write(bytes: Uint8Array): void {
    this.guarded(() => writeFileSync(this.fd, bytes));
  }

  commit(): void {
    this.discard();
  }

  discard(): void {
    closeSync(this.fd);
  }

  private guarded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw fileSystemError(this.path, 'a file that can be written', error);
    }
  }
}

/** Files that make a model. */
const OF_MODELS = /\.(safetensors|gguf|json|jinja|model|ya?ml)$/i;

/**
 * Looks at an output before any work.
 * @param key the flag that names it
 * @returns its path with ~ and $HOME; undefined for the standard output, also as `-`
 * @throws ConfigError when it is one of the inputs, or a file of one
 */
export function outputPath(
  out: string | undefined,
  inputs: readonly (string | undefined)[],
  key = '--out',
): string | undefined {
  if (out === undefined || out === '-') return undefined;
  const path = filePath(key, out);
  const isInput = (input: string) =>
    isSame(path, input) || (existsSync(path) && OF_MODELS.test(path) && isSame(dirname(path), input));
  if (!inputs.some((input) => input !== undefined && isInput(input))) return path;
  throw new ConfigError({
    key,
    expected: 'a file that is no input of this command: it would be lost',
    received: path,
  });
}

/** A path as an argument has it. @throws ConfigError for what only a shell could expand */
export function filePath(key: string, path: string): string {
  try {
    return expandHome(path);
  } catch (error) {
    throw new ConfigError({ key, expected: (error as Error).message, received: path });
  }
}

/**
 * Whether an output is a file, which can appear whole, or one that takes nothing back: a device, a pipe.
 * @throws ConfigError when there is no such folder
 */
export function isFileOutput(path: string, key = '--out'): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (there?.isDirectory() || !folder?.isDirectory())
    throw new ConfigError({
      key,
      expected: 'a file in a folder that is there',
      received: there?.isDirectory() ? `the folder ${path}` : path,
    });
  return there === undefined || there.isFile();
}

/** @throws ConfigError when there is no such folder, FileSystemError when it cannot be written to */
const openOutput = (path: string): Output =>
  isFileOutput(path) ? new PendingFile(path) : new DeviceOutput(path);

/**
 * Runs work whose result grows: each text takes the place of the one before, whole or not at all. Where a text cannot be
 * taken back, on a device or pipe, only the last is written, when the work has ended or failed.
 */
export async function withLatest<T>(
  path: string | undefined,
  work: (write: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (path === undefined) return work(() => {});
  // Opened once before the work, so that a place that cannot be written to is refused.
  const place = openOutput(path);
  if (place instanceof PendingFile) {
    place.discard();
    return work((text) => {
      const file = openOutput(path);
      try {
        file.write(Buffer.from(text));
        file.commit();
      } catch (error) {
        file.discard();
        throw error;
      }
    });
  }
  let latest = '';
  try {
    return await work((text) => (latest = text));
  } finally {
    place.write(Buffer.from(latest));
    place.commit();
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
  const file = openOutput(path);
  try {
    const result = await work((text) => file.write(Buffer.from(text)));
    file.commit();
    return result;
  } catch (error) {
    file.discard();
    throw error;
  }
}
