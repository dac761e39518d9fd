import { isError } from '@selfjudge/base';

/** What a process ends with: 0 done, 1 failed, 2 called wrongly, 130 interrupted. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Prints an error as a person needs it and says which exit code it means. Errors of the program keep their stack. */
export function report(error: unknown, stream: { write(text: string): unknown } = process.stderr): number {
  if (error instanceof Error && error.name === 'AbortError') return EXIT.interrupted;
  const known = isError(error) || (error instanceof Error && 'syscall' in error);
  const text =
    error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  stream.write(`error: ${text}\n`);
  return isError(error, 'SJ_CONFIG') ? EXIT.usage : EXIT.failed;
}

/**
 * Runs work that Ctrl-C ends in order: the first aborts the signal (a run writes a checkpoint), the second ends the
 * process at once.
 * @param say tells the person, where a progress line may stand
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  say: (line: string) => void = (line) => void process.stderr.write(`\n${line}\n`),
): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    say('stopping; Ctrl-C again to stop at once');
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
