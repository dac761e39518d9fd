import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { ConfigError, FileFormatError, fileSystemError, makeFolder, syncPath } from '@selfjudge/base';
import { hashOfFile, isStandardInput, ProcessLock, writeJson } from '@selfjudge/base/internal';

import {
  changedNote,
  inputOf,
  LINEAGE,
  lineageOf,
  readLineage,
  type Lineage,
  type LineageInput,
} from './lineage.js';
import type { PrepareHooks, PrepareOptions } from './prepareOptions.js';
import { prepareRows } from './prepareRows.js';

/** A file of rows, with what a name on the hub meant. */
export interface NamedFile {
  path: string;
  name?: string;
}

export interface Preparing {
  files: readonly NamedFile[];
  /** Sets that nothing of may be left in the rows. */
  against: readonly NamedFile[];
  options: PrepareOptions;
  /** Of this software. */
  version: string;
}

/**
 * Prepares rows into a folder that is there whole or not at all: a file a split (or rows.jsonl), removed.jsonl, lineage.json. A
 * folder that the same files, options and version made is left as it is.
 *
 * @throws ConfigError for a folder that holds something else, or is being made by another process; what `prepareRows` throws
 */
export async function prepareFolder(
  folder: string,
  { files, against, options, version }: Preparing,
  hooks: PrepareHooks & { onBegin?(bytes: number): void } = {},
): Promise<{ lineage: Lineage; alreadyDone: boolean }> {
  const path = resolve(folder);
  const stamps = [...files, ...against].map(({ path: file }) => ({ file, was: stampOf(file) }));
  const inputs = described('file', files, hooks);
  const sets = described('against', against, hooks);
  const facts = { version, options: asWords(options), inputs, against: sets };
  const before = lineageThere(path, folder, facts);
  if (before !== undefined) return { lineage: before, alreadyDone: true };
  makeFolder(dirname(path));
  const lock = ProcessLock.acquire(join(dirname(path), `.${basename(path)}.lock`));
  if (!(lock instanceof ProcessLock))
    throw new ConfigError({
      key: 'output_dir',
      expected: 'a folder that no other process is making',
      received: `${folder}, which process ${lock.pid} makes`,
    });
  const partial = join(dirname(path), `.${basename(path)}.partial`);
  try {
    emptied(partial);
    hooks.onBegin?.([...inputs, ...sets].reduce((sum, { bytes }) => sum + bytes, 0));
    const paths = (named: readonly NamedFile[]) => named.map((one) => one.path);
    const result = await prepareRows(paths(files), paths(against), partial, options, hooks);
    assertUnchanged(stamps);
    const lineage = lineageOf({ ...facts, ...result });
    await writeJson(join(partial, LINEAGE), lineage);
    renamed(partial, path);
    return { lineage, alreadyDone: false };
  } finally {
    rmSync(partial, { recursive: true, force: true });
    lock.release();
  }
}

/** Options by the words of files and flags. */
const asWords = (options: PrepareOptions): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );

function described(key: string, files: readonly NamedFile[], { onWarning }: PrepareHooks): LineageInput[] {
  return files.map(({ path, name }) => {
    if (isStandardInput(path))
      throw new ConfigError({
        key,
        expected: 'a file, whose digest can be kept',
        received: 'the standard input',
      });
    const input = inputOf(path, name);
    if (input.changed) onWarning?.(changedNote(input));
    return input;
  });
}

/**
 * The lineage of a folder that was made of the same; undefined where nothing is yet.
 * @throws ConfigError for one with other things
 */
function lineageThere(
  path: string,
  name: string,
  facts: Pick<Lineage, 'version' | 'options' | 'inputs' | 'against'>,
): Lineage | undefined {
  const refuse = (received: string): never => {
    const expected = 'a folder that is not there yet, or holds nothing';
    throw new ConfigError({ key: 'output_dir', expected, received });
  };
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) refuse(`the file ${name}`);
  if (readdirSync(path).length === 0) return undefined;
  const lineage = readLineage(path);
  if (lineage === undefined) return refuse(`${name}, which holds other things`);
  const other = differenceOf(lineage, facts);
  if (other !== undefined) refuse(`${name}, which was prepared with other ${other}`);
  for (const [file, { sha256 }] of Object.entries(lineage.files)) {
    const place = join(path, file);
    if (!existsSync(place) || hashOfFile(place) !== sha256)
      refuse(`${name}, of which ${file} was changed or removed after it was prepared`);
  }
  return lineage;
}

function differenceOf(
  before: Lineage,
  now: Pick<Lineage, 'version' | 'options' | 'inputs' | 'against'>,
): string | undefined {
  const digests = (inputs: readonly LineageInput[]) => inputs.map(({ sha256 }) => sha256).join();
  const asWritten = (options: object) =>
    JSON.stringify(
      Object.entries(options)
        .filter(([, value]) => value !== undefined)
        .toSorted(),
    );
  if (digests(before.inputs) !== digests(now.inputs)) return 'rows';
  if (digests(before.against) !== digests(now.against)) return 'sets in against';
  if (asWritten(before.options) !== asWritten(now.options)) return 'options';
  return before.version === now.version ? undefined : `code (version ${before.version})`;
}

/** A folder without what a process that was killed left in it. */
function emptied(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  } catch (error) {
    throw fileSystemError(path, 'a folder that can be written', error);
  }
}

function renamed(from: string, to: string): void {
  try {
    syncPath(from);
    renameSync(from, to);
    syncPath(dirname(to));
  } catch (error) {
    throw fileSystemError(to, `a place for ${basename(from)}`, error);
  }
}

function stampOf(path: string): string {
  const stat = isStandardInput(path) ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.size} ${stat.mtimeMs}`;
}

/** @throws FileFormatError when a file was written to while it was read: its digest is of other rows */
function assertUnchanged(stamps: readonly { file: string; was: string }[]): void {
  const changed = stamps.find(({ file, was }) => stampOf(file) !== was);
  if (changed === undefined) return;
  throw new FileFormatError({
    path: changed.file,
    expected: 'a file that stays as it is while it is read',
    received: 'one that was written to',
    advice: 'nothing was kept; run the command again when the file is done',
  });
}
