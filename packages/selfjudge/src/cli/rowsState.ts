import { existsSync, statSync } from 'node:fs';
import { FileFormatError, readJsonObject, shellWord } from '@selfjudge/base';
import type { RowsOrigin } from '../models/judgeOrigin.js';

/** Of a finished output, by which it is known again. */
export interface Finished {
  rows: number;
  sha256: string;
}

export type State = RowsOrigin & { finished?: Finished };

export const partialOf = (path: string): string => `${path}.partial`;
export const configOf = (path: string): string => `${path}.config.json`;

/** What rows that are kept lie in, at one time or another. */
export const filesOfRows = (path: string): string[] => [path, partialOf(path), configOf(path)];

/**
 * What is there of an output; undefined where no rows are, whatever was left of earlier ones.
 * @throws FileFormatError when it is damaged, saying how to go on
 */
export function stateOf(path: string): State | undefined {
  const [partial, config] = [partialOf(path), configOf(path)];
  const begun = existsSync(partial);
  if (existsSync(config)) {
    const state = readState(config);
    const there = begun || (state.finished !== undefined && existsSync(path));
    return there ? state : undefined;
  }
  if (begun && statSync(partial).size > 0)
    throw damaged(config, `beside ${partial}, saying what its rows are of`, 'nothing', partial);
  return undefined;
}

function readState(path: string): State {
  const advice = adviceFor(path);
  const { config, contents, kernel_path, finished } = readJsonObject(path, advice);
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const { rows, sha256 } = isRecord(finished) ? finished : { rows: 0, sha256: '' };
  if (
    isRecord(config) &&
    isRecord(contents) &&
    Object.values(contents).every((value) => typeof value === 'string') &&
    typeof kernel_path === 'string' &&
    typeof rows === 'number' &&
    typeof sha256 === 'string'
  )
    return {
      config,
      contents: contents as Record<string, string>,
      kernel_path,
      ...(finished !== undefined && { finished: { rows, sha256 } }),
    };
  const expected = 'config, contents and kernel_path of the rows beside it';
  throw new FileFormatError({ path, expected, received: 'something else', advice });
}

const adviceFor = (path: string): string =>
  `it is damaged; after rm ${shellWord(path)} the same command begins anew`;

/** What stands in the way of going on, and what to remove to begin anew. */
export const damaged = (path: string, expected: string, received: unknown, remove: string, line?: number) =>
  new FileFormatError({ path, line, expected, received, advice: adviceFor(remove) });
