import { appendFileSync, existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  ArgumentError,
  atomicWriteSync,
  FileFormatError,
  fileSystemError,
  makeFolder,
  shellWord,
  syncPath,
} from '@selfjudge/base';
import { ProcessLock, RUN_LAYOUT } from '@selfjudge/base/internal';
import { folderFault, removeUnfinished } from './atomicFolder.js';
import {
  check,
  list,
  object,
  path as isPath,
  text,
  whole,
  measured,
  type Check,
} from '@selfjudge/base/checks';
import { Checkpoints } from './checkpoint.js';
import type { ProfileRow } from '../metrics/profile.js';
import { readLines, wholeRow, type LogFormat } from '../runs/log.js';
import { readSummary } from '../runs/read.js';
import { METRICS_FORMAT, PROFILE_FORMAT, type MetricsRow } from '../runs/rows.js';

const isMetrics: Check = (value, what, where) => {
  object({})(value, what, where);
  for (const [name, one] of Object.entries(value as object)) measured(one, `${what}.${name}`, where);
};
const isHubNames: Check = (value, what, where) => {
  object({})(value, what, where);
  for (const [name, one] of Object.entries(value as object)) list(text, 1)(one, `${what}.${name}`, where);
};
const isData: Check = (value, what, where) => {
  object({})(value, what, where);
  for (const [name, one] of Object.entries(value as object))
    list(object({}), 1)(one, `${what}.${name}`, where);
};
const isMetricsRow = object({ step: whole(0), epoch: measured, metrics: isMetrics });

/** The folder of a run (RUN_LAYOUT), open while it is written to: one process at a time. `runs/` reads it. */
export class RunFolder {
  readonly checkpoints: Checkpoints;

  private constructor(
    readonly path: string,
    /** Absent: others write here. */
    private readonly lock?: ProcessLock,
    /** The outermost folder that was made for this run, if any was. */
    private readonly made?: string,
  ) {
    this.checkpoints = new Checkpoints(join(path, RUN_LAYOUT.checkpoints));
  }

  /**
   * Creates the folder if need be and locks it.
   * @throws ArgumentError when another run is using it, FileSystemError when it cannot be written to
   */
  static open(path: string): RunFolder {
    check('RunFolder.open', { path }, { path: isPath });
    return guarded(path, () => {
      const made = makeFolder(path);
      let lock: ProcessLock;
      try {
        lock = locked(path);
      } catch (error) {
        removeEmpty(path, made);
        throw error;
      }
      const folder = new RunFolder(path, lock, made);
      for (const parent of ['.', RUN_LAYOUT.checkpoints, RUN_LAYOUT.samples])
        removeUnfinished(join(path, parent));
      return folder;
    });
  }

  /**
   * The folder as a rank sees it that does not write, of a run that rank 0 has open: it reads, and writing does nothing. There need
   * be none yet.
   */
  static follow(path: string): RunFolder {
    check('RunFolder.follow', { path }, { path: isPath });
    return new RunFolder(path);
  }

  /** Where the result of the run is saved. */
  get final(): string {
    return join(this.path, RUN_LAYOUT.final);
  }

  /** @param yaml the configuration with every default filled in */
  writeConfig(yaml: string): void {
    check('RunFolder.writeConfig', { yaml }, { yaml: text });
    this.replace(RUN_LAYOUT.config, yaml);
  }

  writeEnvironment(facts: Record<string, unknown>): void {
    this.replace(RUN_LAYOUT.environment, json('facts', facts));
  }

  /** @param contents fingerprints by what they are of */
  writeFingerprints(contents: Record<string, string>): void {
    this.replace(RUN_LAYOUT.fingerprints, json('contents', contents));
  }

  /** @param names on the hub, as they were written, each with the names with commits that it meant */
  writeHubNames(names: Record<string, string[]>): void {
    check('RunFolder.writeHubNames', { names }, { names: isHubNames });
    this.replace(RUN_LAYOUT.hub, json('names', names));
  }

  /** @param data by the key that names files of rows, those that were prepared and how */
  writeData(data: Record<string, object[]>): void {
    check('RunFolder.writeData', { data }, { data: isData });
    this.replace(RUN_LAYOUT.data, json('data', data));
  }

  writeSummary(summary: Record<string, unknown>): void {
    this.replace(RUN_LAYOUT.summary, json('summary', summary));
  }

  /**
   * summary.json of a run that is complete, undefined before.
   * @throws FileFormatError when it or the result it speaks of is damaged
   */
  readSummary(): Record<string, unknown> | undefined {
    const path = join(this.path, RUN_LAYOUT.summary);
    if (!existsSync(path) || !existsSync(this.final)) return undefined;
    const fault = folderFault(this.final);
    if (fault === undefined) return readSummary(this.path, writtenAgain(path));
    throw new FileFormatError({ advice: writtenAgain(this.final), ...fault });
  }

  /** The run is not complete any more: it is going to be longer than it was. */
  unfinish(): void {
    const path = join(this.path, RUN_LAYOUT.summary);
    if (this.writes) guarded(path, () => rmSync(path, { force: true }));
  }

  /** One line a step; numbers that are not finite become null. Durable once `syncLogs` was called. */
  appendMetrics(row: MetricsRow): void {
    check('RunFolder.appendMetrics', { row }, { row: isMetricsRow });
    const { step, epoch, metrics } = row;
    this.append(RUN_LAYOUT.metrics, { step, epoch, ...metrics });
  }

  /** A line with every line of metrics, and one for what comes after the last: the end of a run, or its interruption. */
  appendProfile(row: ProfileRow): void {
    this.append(RUN_LAYOUT.profile, row);
  }

  /** Makes the lines so far outlast a failure of the machine. */
  syncLogs(): void {
    if (!this.writes) return;
    for (const name of [RUN_LAYOUT.metrics, RUN_LAYOUT.profile]) {
      const path = join(this.path, name);
      if (existsSync(path)) guarded(path, () => syncPath(path));
    }
    guarded(this.path, () => syncPath(this.path));
  }

  /**
   * Drops the lines of metrics and profile after `step`, which a resumed run will write again, and a torn last line.
   * @returns the rows of metrics that stay
   * @throws FileFormatError when a line that would stay is broken, saying how to go on
   */
  trimLogs(step: number): MetricsRow[] {
    check('RunFolder.trimLogs', { step }, { step: whole(0) });
    this.keepLines(RUN_LAYOUT.profile, PROFILE_FORMAT, step);
    return this.keepLines(RUN_LAYOUT.metrics, METRICS_FORMAT, step);
  }

  private keepLines<T extends { step: number }>(name: string, format: LogFormat<T>, step: number): T[] {
    const path = join(this.path, name);
    const { lines } = readLines(path, format);
    // Behind the last line that stays all are dropped, whole or not.
    const end = lines.findLastIndex(({ row }) => row !== undefined && row.step <= step) + 1;
    const kept = lines.slice(0, end).flatMap((at) => {
      const advice = `it is damaged; after sed -i ${at.line}d ${shellWord(path)} the same command goes on without that line`;
      const row = wholeRow(path, at, format, advice);
      return row.step <= step ? [{ row, text: at.text }] : [];
    });
    if (existsSync(path)) this.replace(name, kept.map(({ text }) => `${text}\n`).join(''));
    return kept.map(({ row }) => row);
  }

  private append(name: string, row: object): void {
    const path = join(this.path, name);
    if (this.writes) guarded(path, () => appendFileSync(path, `${JSON.stringify(row)}\n`));
  }

  /** Samples as samples/NAME.jsonl, one JSON object a line; `step-N` by custom. */
  writeSamples(name: string, rows: readonly object[]): void {
    check('RunFolder.writeSamples', { name, rows }, { name: isPath, rows: list(object({})) });
    const lines = rows.map((row) => `${jsonLine('rows', row)}\n`);
    this.replace(join(RUN_LAYOUT.samples, `${name}.jsonl`), lines.join(''));
  }

  close(): void {
    this.lock?.release();
  }

  /** Closes a folder that nothing was written to and removes what opening it made. */
  abandon(): void {
    this.close();
    removeEmpty(this.path, this.made);
  }

  private get writes(): boolean {
    return this.lock !== undefined;
  }

  private replace(name: string, text: string): void {
    if (!this.writes) return;
    const path = join(this.path, name);
    makeFolder(dirname(path));
    atomicWriteSync(path, text);
  }
}

/** @throws ArgumentError when a living process holds the run's lock */
function locked(folder: string): ProcessLock {
  const lock = ProcessLock.acquire(join(folder, RUN_LAYOUT.lock));
  if (lock instanceof ProcessLock) return lock;
  throw new ArgumentError('run folder', {
    where: 'RunFolder.open',
    expected: 'a folder no other run is using (wait for it to end, or use another output_dir)',
    received: `${folder} held by process ${lock.pid}`,
  });
}

/** Removes `path` and the folders above it down to `outermost`, as far as they are empty. */
function removeEmpty(path: string, outermost: string | undefined): void {
  if (outermost === undefined) return;
  const last = resolve(outermost);
  try {
    // Removing is only possible while empty, so nothing of anybody's can be lost.
    for (let folder = resolve(path); folder.length >= last.length; folder = dirname(folder))
      rmdirSync(folder);
  } catch {
    // Somebody else has put something there.
  }
}

/** Runs `use`; what the system refuses is said with the path. */
/** What can be done when a part of the result is damaged. */
export const writtenAgain = (path: string): string =>
  `it is damaged; after rm -r ${shellWord(path)} the same command writes it again`;

function guarded<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw fileSystemError(path, 'a place that can be written to', error);
  }
}

function json(what: string, value: unknown): string {
  object({})(value, what, 'RunFolder');
  return `${jsonLine(what, value, 2)}\n`;
}

function jsonLine(what: string, value: unknown, space?: number): string {
  try {
    return JSON.stringify(value, null, space);
  } catch (error) {
    throw new ArgumentError(what, {
      where: 'RunFolder',
      expected: `values that JSON can hold (${(error as Error).message})`,
      received: value,
    });
  }
}
