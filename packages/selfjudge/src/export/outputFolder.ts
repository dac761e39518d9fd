import { existsSync, readdirSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { ConfigError, fileSystemError } from '@selfjudge/base';
import { filesBeyondManifest } from '@selfjudge/training/internal';

/** What a merge did, for programs and for the next merge into the same folder. */
export const RECORD = 'merge.json';

/** Free bytes that are left beside what is written. */
const SPARE = 16 << 20;

/**
 * Looks at the folder that is to be written, before any work.
 *
 * @param inputs what is read: a folder that holds one of them, or lies in one, is not written
 * @throws ConfigError for one that is an input, or holds something that no merge wrote
 */
export function assertPlace(dir: string, overwrite: boolean, inputs: readonly string[]): void {
  const refuse = (expected: string, received: string): never => {
    throw new ConfigError({ key: 'output_dir', expected, received });
  };
  const stat = statSync(dir, { throwIfNoEntry: false });
  const input = inputs.find((one) => isWithin(one, dir) || isWithin(dir, one));
  if (input !== undefined) refuse(`a folder apart from what is read, ${input}`, dir);
  if (stat === undefined) return;
  if (!stat.isDirectory()) refuse('a folder', `the file ${dir}`);
  const names = readNames(dir);
  if (names.length === 0) return;
  if (!overwrite)
    refuse('a new folder or an empty one (overwrite_output_dir replaces what a merge wrote)', dir);
  const beyond = names.includes(RECORD) ? filesBeyondManifest(dir) : undefined;
  if (beyond === undefined)
    refuse(`a folder that a merge wrote, with ${RECORD}: overwrite_output_dir replaces no other`, dir);
  else if (beyond.length > 0)
    refuse(
      `a folder with nothing but what a merge wrote, as all of it is replaced`,
      `${dir} with ${beyond.slice(0, 3).join(', ')}${beyond.length > 3 ? ` and ${beyond.length - 3} more` : ''}`,
    );
}

/** Whether a path is another one, or lies in it, whatever links lead there. */
function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [path, folder].map(real);
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** The path without links, as far as it is there. */
function real(path: string): string {
  const whole = resolve(path);
  if (existsSync(whole)) return realpathSync(whole);
  const parent = dirname(whole);
  return parent === whole ? whole : join(real(parent), whole.slice(parent.length));
}

function readNames(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    throw fileSystemError(dir, 'a folder that can be read', error);
  }
}

/** @throws ConfigError where the disk has not the room for `bytes` more */
export function assertRoom(dir: string, bytes: number): void {
  let folder = resolve(dir);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes + SPARE) return;
  throw new ConfigError({
    key: 'output_dir',
    expected: `a place with ${size(bytes + SPARE)} free`,
    received: `${size(free)} free at ${folder}`,
  });
}

/** Bytes as people say them. */
export function size(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let [n, unit] = [bytes, 0];
  while (n >= 1000 && unit < units.length - 1) [n, unit] = [n / 1000, unit + 1];
  return `${unit === 0 ? n : n.toPrecision(3)} ${units[unit]}`;
}
