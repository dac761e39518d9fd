import { appendFileSync, existsSync, readFileSync, rmdirSync } from 'node:fs';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  ArgumentError,
  atomicWriteSync,
  FileFormatError,
  fileSystemError,
  makeFolder,
  readJsonObject,
  shellWord,
  syncPath,
} from '@selfjudge/base';
import { Device } from '@selfjudge/engine';
import { folderFault, removeUnfinished } from './atomicFolder.js';
import {
  check,
  instance,
  list,
  object,
  path as isPath,
  text,
  whole,
  measured,
  type Check,
} from '@selfjudge/base/checks';
import { Checkpoints } from './checkpoint.js';
import type { Metrics } from './metrics.js';
import type { ProfileRow } from './profile.js';
import { RunLock } from './runLock.js';

const METRICS = 'metrics.jsonl';
const PROFILE = 'profile.jsonl';

/** A line of metrics.jsonl. */
export interface MetricsRow {
  step: number;
  epoch: number;
  metrics: Metrics;
}

const isMetrics: Check = (value, what, where) => {
  object({})(value, what, where);
  for (const [name, one] of Object.entries(value as object)) measured(one, `${what}.${name}`, where);
};
const isMetricsRow = object({ step: whole(0), epoch: measured, metrics: isMetrics });

/**
 * The folder of a run: config.yaml, environment.json, metrics.jsonl, profile.jsonl, samples/, checkpoints/step-N/,
 * final/ and summary.json. Open while it is written to: one process at a time.
 */
export class RunFolder {
  readonly checkpoints: Checkpoints;

  private constructor(
    readonly path: string,
    private readonly lock: RunLock,
    /** The outermost folder that was made for this run, if any was. */
    private readonly made?: string,
  ) {
    this.checkpoints = new Checkpoints(join(path, 'checkpoints'));
  }

  /**
   * Creates the folder if need be and locks it.
   * @throws ArgumentError when another run is using it, FileSystemError when it cannot be written to
   */
  static open(path: string): RunFolder {
    check('RunFolder.open', { path }, { path: isPath });
    return guarded(path, () => {
      const made = makeFolder(path);
      let lock: RunLock;
      try {
        lock = RunLock.acquire(join(path, 'run.lock'));
      } catch (error) {
        removeEmpty(path, made);
        throw error;
      }
      const folder = new RunFolder(path, lock, made);
      for (const parent of ['.', 'checkpoints', 'samples']) removeUnfinished(join(path, parent));
      return folder;
    });
  }

  /** Where the result of the run is saved. */
  get final(): string {
    return join(this.path, 'final');
  }

  /** @param yaml the configuration with every default filled in */
  writeConfig(yaml: string): void {
    check('RunFolder.writeConfig', { yaml }, { yaml: text });
    this.replace('config.yaml', yaml);
  }

  writeEnvironment(facts: Record<string, unknown>): void {
    this.replace('environment.json', json('facts', facts));
  }

  writeSummary(summary: Record<string, unknown>): void {
    this.replace('summary.json', json('summary', summary));
  }

  /**
   * summary.json of a run that is complete, undefined before.
   * @throws FileFormatError when it or the result it speaks of is damaged
   */
  readSummary<T>(): T | undefined {
    const path = join(this.path, 'summary.json');
    if (!existsSync(path) || !existsSync(this.final)) return undefined;
    const fault = folderFault(this.final);
    const removing = (what: string) =>
      `it is damaged; after rm -r ${shellWord(what)} the same command writes it again`;
    if (fault === undefined) return readJsonObject(path, removing(path)) as T;
    throw new FileFormatError({ advice: removing(this.final), ...fault });
  }

  /** One line a step; numbers that are not finite become null. Durable once `syncLogs` was called. */
  appendMetrics(row: MetricsRow): void {
    check('RunFolder.appendMetrics', { row }, { row: isMetricsRow });
    const { step, epoch, metrics } = row;
    this.append(METRICS, { step, epoch, ...metrics });
  }

  /** A line with every line of metrics, and one for what comes after the last: the end of a run, or its interruption. */
  appendProfile(row: ProfileRow): void {
    this.append(PROFILE, row);
  }

  /** Makes the lines so far outlast a failure of the machine. */
  syncLogs(): void {
    for (const name of [METRICS, PROFILE]) {
      const path = join(this.path, name);
      if (existsSync(path)) guarded(path, () => syncPath(path));
    }
    guarded(this.path, () => syncPath(this.path));
  }

  /**
   * Drops the lines of metrics and profile after `step`, which a resumed run will write again, and a torn last line.
   * @returns the rows of metrics that stay
   */
  trimLogs(step: number): MetricsRow[] {
    check('RunFolder.trimLogs', { step }, { step: whole(0) });
    this.keepLines(PROFILE, step);
    return this.keepLines(METRICS, step).map(parseRow);
  }

  private keepLines(name: string, step: number): string[] {
    const path = join(this.path, name);
    if (!existsSync(path)) return [];
    const kept = guarded(path, () => readFileSync(path, 'utf8'))
      .split('\n')
      .filter((line) => stepOf(line) <= step);
    this.replace(name, kept.map((line) => `${line}\n`).join(''));
    return kept;
  }

  private append(name: string, row: object): void {
    const path = join(this.path, name);
    guarded(path, () => appendFileSync(path, `${JSON.stringify(row)}\n`));
  }

  /** Samples as samples/NAME.jsonl, one JSON object a line; `step-N` by custom. */
  writeSamples(name: string, rows: readonly object[]): void {
    check('RunFolder.writeSamples', { name, rows }, { name: isPath, rows: list(object({})) });
    const lines = rows.map((row) => `${jsonLine('rows', row)}\n`);
    this.replace(join('samples', `${name}.jsonl`), lines.join(''));
  }

  close(): void {
    this.lock.release();
  }

  /** Closes a folder that nothing was written to and removes what opening it made. */
  abandon(): void {
    this.close();
    removeEmpty(this.path, this.made);
  }

  private replace(name: string, text: string): void {
    const path = join(this.path, name);
    makeFolder(dirname(path));
    atomicWriteSync(path, text);
  }
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
function guarded<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw fileSystemError(path, 'a place that can be written to', error);
  }
}

/** Facts that decide the bits and the speed of a run. */
export function environment(device: Device, packageVersion: string): Record<string, unknown> {
  check('environment', { device, packageVersion }, { device: instance(Device), packageVersion: text });
  return {
    selfjudge: packageVersion,
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    host: hostname(),
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    memory_bytes: totalmem(),
    device: device.name,
    path: device.path,
    started: new Date().toISOString(),
  };
}

/** A line of metrics.jsonl; null stands for a number that was not finite. */
function parseRow(line: string): MetricsRow {
  const { step, epoch, ...values } = JSON.parse(line) as { step: number; epoch: number };
  const metrics = Object.entries(values as Record<string, number | null>).map(([name, x]) => [
    name,
    x ?? NaN,
  ]);
  return { step, epoch, metrics: Object.fromEntries(metrics) as Metrics };
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

function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as { step: number }).step;
  } catch {
    return Infinity;
  }
}
