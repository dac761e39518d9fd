import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a call took. Allocation is all of it, garbage included, unless a collection ran meanwhile: then it is less. */
export interface Cost {
  /** Time of the clock, or of the processor where that was measured and is less. */
  seconds: number;
  /** Bytes of objects and strings. */
  heap: number;
  /** Bytes outside of V8's heap: array buffers, strings of files. */
  buffers: number;
}

/** Node has this behind a flag, which also works once it runs. */
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects garbage; the second time so that what the first found is freed, which goes on beside the program. */
function collect(): void {
  gc();
  gc();
}

/**
 * Runs `call` and measures it. V8 counts what lies in its heap and what hangs on it, not what was ever allocated, but
 * between two collections nothing is freed, so the difference is every byte. A collection falls into one small input of
 * hundreds and can only hide something, which the next inputs of the same kind show.
 * @param options.exactly collects before, so that only a call that fills megabytes meets a collection, and measures the
 *   processor's time too, since others may hold it; both take long
 */
export async function costOf(
  call: () => unknown,
  { exactly }: { exactly: boolean },
): Promise<{ cost: Cost; error?: unknown }> {
  if (exactly) collect();
  const used = exactly ? process.cpuUsage() : undefined;
  let error: unknown;
  const before = getHeapStatistics();
  const start = performance.now();
  try {
    const result = call();
    if (result instanceof Promise) await result;
  } catch (thrown) {
    error = thrown ?? new Error(`${thrown} was thrown`);
  }
  let seconds = (performance.now() - start) / 1e3;
  if (used !== undefined) {
    const { user, system } = process.cpuUsage(used);
    seconds = Math.min(seconds, (user + system) / 1e6);
  }
  const after = getHeapStatistics();
  const heap = after.used_heap_size - before.used_heap_size;
  const buffers = after.external_memory - before.external_memory;
  return { cost: { seconds, heap, buffers }, error };
}

/** The least of each: noise of the machine only adds. */
export function least(a: Cost, b: Cost): Cost {
  return {
    seconds: Math.min(a.seconds, b.seconds),
    heap: Math.min(a.heap, b.heap),
    buffers: Math.min(a.buffers, b.buffers),
  };
}
