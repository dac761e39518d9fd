import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { DataError } from '@selfjudge/core';
import { readJsonl, type Issue, type Row } from '@selfjudge/data';

/** Rows of a JSONL file with what could not be read; throws when nothing could. */
export async function readRows(path: string): Promise<{ rows: { line: number; value: Row }[]; issues: Issue[] }> {
  const file = await readJsonl(path);
  if (file.rows.length === 0)
    throw new DataError({ path, line: 1, reason: file.issues[0]?.reason ?? 'the file has no rows' });
  return file;
}

/**
 * JSONL written line by line to a temporary file and renamed at the end, so that half a result is never taken for a
 * whole one.
 */
export class JsonlWriter {
  private readonly temporary: string;
  private readonly file: number;

  constructor(private readonly path: string) {
    this.temporary = `${path}.${process.pid}.tmp`;
    this.file = openSync(this.temporary, 'w');
  }

  write(row: object): void {
    writeSync(this.file, `${JSON.stringify(row)}\n`);
  }

  /** Makes the file appear under its name. */
  finish(): void {
    fsyncSync(this.file);
    closeSync(this.file);
    renameSync(this.temporary, this.path);
  }

  /** Leaves nothing behind. */
  discard(): void {
    closeSync(this.file);
    rmSync(this.temporary, { force: true });
  }
}

/** Runs work that writes rows; its file appears whole or not at all. Without a path, rows go to `print`. */
export async function withRows(
  path: string | undefined,
  print: (row: object) => void,
  work: (write: (row: object) => void) => Promise<void>,
): Promise<void> {
  if (path === undefined) return work(print);
  const writer = new JsonlWriter(path);
  try {
    await work((row) => writer.write(row));
  } catch (error) {
    writer.discard();
    throw error;
  }
  writer.finish();
}
