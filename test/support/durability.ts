import { dirname } from 'node:path';
import type { FaultEvent } from './faults.js';

/**
 * Where events leave to chance what a machine finds after it failed: something takes its name before its bytes are
 * synced, or something that others stand on (a checkpoint, the result, the summary) does before all else is.
 */
export function undurable(events: readonly FaultEvent[]): string[] {
  // Files with bytes, and folders with names, that are not synced.
  let pending = new Set<string>();
  const problems: string[] = [];
  const below = (folder: string) =>
    [...pending].filter((path) => path === folder || path.startsWith(`${folder}/`));
  for (const { at, name, paths } of events) {
    const [path, target] = paths;
    if (/run\.lock/.test(path ?? '')) continue;
    switch (name) {
      case 'openSync':
      case 'mkdirSync':
        pending.add(dirname(path));
        break;
      case 'writeSync':
        pending.add(path);
        break;
      case 'writeFileSync':
      case 'appendFileSync':
        pending.add(path).add(dirname(path));
        break;
      case 'copyFileSync':
        pending.add(target).add(dirname(target));
        break;
      case 'fsyncSync':
        pending.delete(path);
        break;
      case 'rmSync':
        for (const gone of below(path)) pending.delete(gone);
        break;
      case 'renameSync': {
        // A name that is taken away need not be durable.
        if (target.endsWith('.tmp')) break;
        const stood = /step-\d+$|final$|summary\.json$/.test(target) ? [...pending] : below(path);
        // The folder of the new name is synced after it got it.
        for (const file of stood)
          if (file !== dirname(path)) problems.push(`event ${at}: ${target} in place, ${file} not synced`);
        pending = new Set(
          [...pending].map((file) => (file.startsWith(path) ? target + file.slice(path.length) : file)),
        );
        pending.add(dirname(target));
      }
    }
  }
  return [...problems, ...[...pending].map((path) => `at the end: ${path} not synced`)];
}
