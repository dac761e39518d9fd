import { isError } from '@selfjudge/base';
import { launchedIn, meetFailed, openedRanks, ranksOfProcess, TRY_AGAIN } from '@selfjudge/engine/internal';

/**
 * What a process ends with: 0 done, 1 failed, 2 called wrongly, 130 interrupted. 75: a job of several processes stopped where the
 * same command goes on.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, again: TRY_AGAIN, interrupted: 130 } as const;

/** Whether this process is one of several that a launcher started. */
export const isJob = (): boolean => launchedIn() !== undefined;

/** Whether this process prints and writes: alone, or as the first of several. */
export const leads = (): boolean => (launchedIn()?.rank ?? 0) === 0;

/** Prints a line on stderr, where this process prints. */
export const sayLine = (line: string): void => void (leads() && process.stderr.write(`${line}\n`));

/** Prints text on stdout, where this process prints. */
export const print = (text: string): void => void (leads() && process.stdout.write(text));

/** The ranks of a job, also where the error came before they were needed; undefined where they are what failed. */
function openRanks() {
  try {
    if (isJob()) ranksOfProcess();
  } catch {
    return undefined;
  }
  return openedRanks();
}

/** Of a process that was told to stop: of a job all are, each where it is, and end together. */
function interrupted(): number {
  openedRanks()?.endTogether();
  return isJob() ? EXIT.again : EXIT.interrupted;
}

/** Prints an error as a person needs it and says which exit code it means. Errors of the program keep their stack. */
export function report(error: unknown, stream: { write(text: string): unknown } = process.stderr): number {
  if (error instanceof Error && error.name === 'AbortError') return interrupted();
  const known = isError(error) || (error instanceof Error && 'syscall' in error);
  const text =
    error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  const ranks = openRanks();
  meetFailed(text);
  // What all ranks know rank 0 tells.
  const told = ranks !== undefined && ranks.rank > 0 && ranks.endsTogether;
  const who = ranks !== undefined && ranks.rank > 0 ? `rank ${ranks.rank}: ` : '';
  if (!told) stream.write(`error: ${who}${text}\n`);
  // Of a rank that did not answer nobody knows more than that.
  if (isError(error, 'SJ_RANK') && ranks !== undefined) return EXIT.again;
  return isError(error, 'SJ_CONFIG') ? EXIT.usage : EXIT.failed;
}

/**
 * Runs work that Ctrl-C ends in order: the first aborts the signal (a run writes a checkpoint), the second ends the
 * process at once. Launchers hand SIGUSR1 on to their processes, where SIGTERM would have them killed soon after.
 * @param say tells the person, where a progress line may stand
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  say: (line: string) => void = (line) => sayLine(`\n${line}`),
): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    say('stopping; Ctrl-C again to stop at once');
    controller.abort();
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', ...(isJob() ? (['SIGUSR1'] as const) : [])];
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
