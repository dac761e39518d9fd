import { SelfjudgeError } from '@selfjudge/core';

/** What a process ends with: 0 done, 1 failed, 2 called wrongly, 130 interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Prints an error as a person needs it and says which exit code it means. Unknown errors keep their stack. */
export function report(error: unknown): number {
  if (error instanceof SelfjudgeError) {
    process.stderr.write(`error: ${error.message}\n`);
    return error.code === 'SJ_CONFIG' ? EXIT.usage : EXIT.failed;
  }
  if (error instanceof Error && 'syscall' in error) {
    process.stderr.write(`error: ${error.message}\n`);
    return EXIT.failed;
  }
  process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}

/**
 * Runs work that Ctrl-C ends in order: the first aborts the signal (checkpoint, then exit 130), the second ends the
 * process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write('\nstopping after this step; Ctrl-C again to stop at once\n');
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
