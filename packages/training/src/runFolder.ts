import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { arch, cpus, hostname, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Device } from '@selfjudge/core';
import { removeUnfinished } from './atomicFolder.js';
import { Checkpoints } from './checkpoint.js';
import type { Metrics } from './metrics.js';
import { RunLock } from './runLock.js';

/** A line of metrics.jsonl. */
export interface MetricsRow {
  step: number;
  epoch: number;
  metrics: Metrics;
}

/**
 * The folder of a run: config.yaml, environment.json, metrics.jsonl, samples/, checkpoints/step-N/, final/ and
 * summary.json. Open while it is written to: one process at a time.
 */
export class RunFolder {
  readonly checkpoints: Checkpoints;

  private constructor(
    readonly path: string,
    private readonly lock: RunLock,
  ) {
    this.checkpoints = new Checkpoints(join(path, 'checkpoints'));
  }

  /** Creates the folder if need be and locks it. @throws ArgumentError when another run is using it */
  static open(path: string): RunFolder {
    mkdirSync(join(path, 'samples'), { recursive: true });
    const folder = new RunFolder(path, RunLock.acquire(join(path, 'run.lock')));
    removeUnfinished(path);
    removeUnfinished(join(path, 'checkpoints'));
    return folder;
  }

  /** Where the result of the run is saved. */
  get final(): string {
    return join(this.path, 'final');
  }

  /** @param yaml the configuration with every default filled in */
  writeConfig(yaml: string): void {
    this.replace('config.yaml', yaml);
  }

  writeEnvironment(facts: Record<string, unknown>): void {
    this.replace('environment.json', json(facts));
  }

  writeSummary(summary: Record<string, unknown>): void {
    this.replace('summary.json', json(summary));
  }

  /** One line a step; numbers that are not finite become null. */
  appendMetrics({ step, epoch, metrics }: MetricsRow): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), `${JSON.stringify({ step, epoch, ...metrics })}\n`);
  }

  /** Drops the lines after `step`, which a resumed run will write again, and a torn last line. */
  trimMetrics(step: number): void {
    const path = join(this.path, 'metrics.jsonl');
    if (!existsSync(path)) return;
    const kept = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => stepOf(line) <= step);
    this.replace('metrics.jsonl', kept.map((line) => `${line}\n`).join(''));
  }

  /** Samples as samples/NAME.jsonl, one JSON object a line; `step-N` by custom. */
  writeSamples(name: string, rows: readonly object[]): void {
    this.replace(join('samples', `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  close(): void {
    this.lock.release();
  }

  private replace(name: string, text: string): void {
    const path = join(this.path, name);
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  }
}

/** Facts that decide the bits and the speed of a run. */
export function environment(device: Device, packageVersion: string): Record<string, unknown> {
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

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as { step: number }).step;
  } catch {
    return Infinity;
  }
}
