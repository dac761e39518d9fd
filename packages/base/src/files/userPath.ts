import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A path as a person writes it where no shell has seen it, in a file or after `=`: `~` and `$HOME` at its beginning are
 * the home folder.
 *
 * @throws RangeError for another user's home and for other variables, unless something of that very name is there
 */
export function expandHome(path: string): string {
  const [, name, rest = ''] = /^(~[^/]*|\$\{\w+\}|\$\w+)(\/.*)?$/s.exec(path) ?? [];
  if (name === undefined) return path;
  if (name === '~' || name === '$HOME' || name === '${HOME}') return join(homedir(), rest);
  if (existsSync(path)) return path;
  throw new RangeError(`a path; of what a shell expands only ~ and $HOME are expanded here, not ${name}`);
}

/** Whether a path means the standard input. */
export const isStandardInput = (path: string): boolean => path === '-';

let read: Promise<Buffer> | undefined;

/** The standard input, whole. It can be read once: whoever asks again gets the same. */
export async function* standardInput(): AsyncGenerator<Buffer> {
  yield await (read ??= collected(process.stdin));
}

async function collected(chunks: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(all);
}

/** Whether two paths name the same file or folder, whatever links lead to it; false where one is not there. */
export function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch {
      return undefined; // a file in the place of a folder, say: whoever opens it will say what is wrong
    }
  });
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}
