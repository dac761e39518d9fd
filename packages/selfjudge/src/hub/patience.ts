import { setTimeout as sleep } from 'node:timers/promises';
import { PassingFailure } from './failure.js';
import type { Patience } from './settings.js';

/** Statuses of servers that are busy or out of order. */
export const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Milliseconds that a person would wonder about. */
const LONG = 5000;

interface Told {
  giveUp(last: PassingFailure, tries: number): Error;
  onWait?: (line: string) => void;
}

/**
 * Tries until it works, waiting longer each time, at most `tries` times in a row. Work that gets on says so, and the count
 * begins anew.
 *
 * @param told.giveUp the error to throw when it is given up
 * @param told.onWait told of a long wait, in words
 * @throws what `giveUp` makes, what is no PassingFailure, and the signal's reason
 */
export async function patiently<T>(
  work: (progressed: () => void) => Promise<T>,
  { tries, firstWait, longestWait }: Patience,
  { giveUp, onWait }: Told,
  signal?: AbortSignal,
): Promise<T> {
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await work(() => (failures = 0));
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PassingFailure)) throw error;
      failures++;
      const wait = error.wait ?? Math.min(firstWait * 2 ** (failures - 1), longestWait);
      if (failures >= tries || wait > longestWait) throw giveUp(error, failures);
      if (wait >= LONG) onWait?.(`${error.message}: waiting for ${Math.round(wait / 1000)} s`);
      await sleep(wait, undefined, { signal });
    }
  }
}

/** What Retry-After asks for, in milliseconds: seconds, or a date. */
export function retryAfter(value: string | null, now = Date.now()): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}
