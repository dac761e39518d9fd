import { isError, type ErrorCode } from '@selfjudge/base';
import { report } from './exit.js';

/** What may have passed by the next try: a full disk, memory that others took, a device that failed, a rank that was lost. */
const PASSING: ErrorCode[] = ['SJ_FILE_SYSTEM', 'SJ_OUT_OF_MEMORY', 'SJ_FAULT', 'SJ_RANK'];

/**
 * Prints the error that ended a run and, where the same command may do better, what it goes on from.
 * @param kept what is on the disk, if anything is
 * @returns the exit code
 */
export function reportStopped(
  error: unknown,
  kept: string | undefined,
  stream: { write(text: string): unknown } = process.stderr,
): number {
  const code = report(error, stream);
  if (isError(error, 'SJ_OUT_OF_MEMORY'))
    stream.write(
      'a smaller token_budget, or activation_recompute: on, takes less memory; both may change while a run is under way\n',
    );
  if (kept !== undefined && PASSING.some((passing) => isError(error, passing)))
    stream.write(`${kept}; run the same command again to go on from there\n`);
  return code;
}
