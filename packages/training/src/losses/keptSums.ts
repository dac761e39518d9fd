import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { atomicWriteSync, isError, makeFolder } from '@selfjudge/base';

/** Where sums of log-probabilities are kept for whoever asks for the same again. */
export interface KeptSums {
  /** As many as `count`; undefined where there are none. */
  read(count: number): number[] | undefined;
  /** Keeps them. Where that fails they are computed again another time. */
  write(sums: readonly number[]): void;
}

const FORMAT = 1;

interface KeptFile {
  format: number;
  key: string;
  sums: number[];
  /** Of key and sums as JSON. */
  sha256: string;
}

/**
 * Sums in a file, as JSON, which gives every number again to the bit.
 * @param key what they are of, in full: a file of another key is not read
 * @param note told of a file that is not used, and of one that could not be written
 */
export function keptSums(path: string, key: string, note: (line: string) => void): KeptSums {
  return {
    read(count) {
      if (!existsSync(path)) return undefined;
      const fault = (why: string) => note(`${path} ${why}: the reference is asked again`);
      try {
        const file = JSON.parse(readFileSync(path, 'utf8')) as Partial<KeptFile> | null;
        const { sums } = file ?? {};
        if (file?.key !== key) fault('is of other weights or rows');
        else if (file.format !== FORMAT) fault(`has format ${file.format}, not ${FORMAT}`);
        else if (!Array.isArray(sums) || file.sha256 !== hashOf(key, sums) || sums.length !== count)
          fault('is damaged');
        else return sums;
      } catch (error) {
        fault(`cannot be read (${(error as Error).message})`);
      }
      return undefined;
    },
    write(sums) {
      // What is not finite is no use to anyone, and JSON does not hold it.
      if (!sums.every(Number.isFinite)) return;
      const file: KeptFile = { format: FORMAT, key, sums: [...sums], sha256: hashOf(key, sums) };
      try {
        makeFolder(dirname(path));
        atomicWriteSync(path, `${JSON.stringify(file)}\n`);
      } catch (error) {
        if (!isError(error, 'SJ_FILE_SYSTEM')) throw error;
        note(`${error.message}; the reference's log-probabilities are not kept`);
      }
    },
  };
}

const hashOf = (key: string, sums: readonly number[]): string =>
  createHash('sha256')
    .update(JSON.stringify([key, sums]))
    .digest('hex');
