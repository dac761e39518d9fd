// The most memory that this process held: of one step, not of what came before it.
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/**
 * Starts anew. What loading and earlier steps left to the garbage collector goes first: two equal processes, of one peak of the
 * device's memory, differ by tens of megabytes in how much of it lies about.
 */
export async function resetPeak() {
  collect();
  collect(); // what the first has swept is given back by now
  await new Promise((resolve) => setTimeout(resolve, 50)); // memory of arrays is freed by another thread
  writeFileSync('/proc/self/clear_refs', '5');
}

/** Megabytes of resident memory, at most, since resetPeak. */
export const peakMb = () =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
