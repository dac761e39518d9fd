import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, makeFolder } from '@selfjudge/base';
import { RUN_LAYOUT, type MetricsRow } from '@selfjudge/training/runs/internal';
import { firstRecord, scalarsRecord } from './eventRecords.js';

const NAME = /^events\.out\.tfevents\.\d+\.selfjudge$/;

/**
 * The metrics of a run for TensorBoard, in its folder `tensorboard`: one event file, written anew from the rows of metrics.jsonl
 * by each process of the run, so that it never has a step twice.
 */
export class EventFile {
  private readonly path: string;

  /**
   * @param run its folder
   * @param rows of the steps that are done
   * @param now seconds since 1970
   * @throws FileSystemError when it cannot be written
   */
  constructor(run: string, rows: readonly MetricsRow[], now = Date.now() / 1000) {
    const folder = join(run, RUN_LAYOUT.tensorboard);
    makeFolder(folder);
    for (const name of readdirSync(folder).filter((one) => NAME.test(one))) rmSync(join(folder, name));
    this.path = join(folder, `events.out.tfevents.${Math.floor(now)}.selfjudge`);
    // When a row was written is not known, but how long its step took: as if the run had never stood still.
    const seconds = rows.map(({ metrics }) => (metrics.step_time > 0 ? metrics.step_time : 0));
    let at = now - seconds.reduce((sum, one) => sum + one, 0);
    const records = [firstRecord(at)];
    rows.forEach((row, i) => records.push(recordOf(row, (at += seconds[i]))));
    this.add(Buffer.concat(records));
  }

  /** @throws FileSystemError when it cannot be written */
  append(row: MetricsRow, now = Date.now() / 1000): void {
    this.add(recordOf(row, now));
  }

  private add(records: Buffer): void {
    try {
      appendFileSync(this.path, records);
    } catch (error) {
      throw fileSystemError(this.path, 'a file that can be written', error);
    }
  }
}

const recordOf = ({ step, epoch, metrics }: MetricsRow, seconds: number): Buffer => {
  const named = Object.entries({ ...metrics, epoch }).map(([name, value]) => [tagOf(name), value]);
  return scalarsRecord(seconds, step, Object.fromEntries(named) as Record<string, number>);
};

/** As transformers names them: eval_loss is eval/loss, and what is of training stands under train. */
const tagOf = (name: string): string =>
  name.startsWith('eval_') ? `eval/${name.slice(5)}` : name.startsWith('eval/') ? name : `train/${name}`;
