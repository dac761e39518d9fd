import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { ArgumentError } from '@selfjudge/core';

interface Holder {
  pid: number;
  /** When the process started, so that a process id used again is not taken for the holder. */
  started: string;
}

/**
 * The right to write to a run folder, held by one process: a file with its id and start time. A lock whose holder is
 * gone is stale and is taken over.
 */
export class RunLock {
  private constructor(private readonly path: string) {}

  /** @throws ArgumentError when a living process holds the lock */
  static acquire(path: string): RunLock {
    const own: Holder = { pid: process.pid, started: startOf(process.pid) ?? '' };
    // A link appears whole or not at all and fails if the name exists: no reader sees half a lock.
    const candidate = `${path}.${process.pid}.tmp`;
    writeFileSync(candidate, JSON.stringify(own));
    try {
      for (;;) {
        try {
          linkSync(candidate, path);
          return new RunLock(path);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        const holder = readHolder(path);
        if (holder !== undefined && startOf(holder.pid) === holder.started)
          throw new ArgumentError('run folder', {
            where: 'RunLock.acquire',
            expected: 'a folder no other run is using',
            received: `${path} held by process ${holder.pid}`,
          });
        setAside(path, `${candidate}.stale`);
      }
    } finally {
      rmSync(candidate, { force: true });
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Takes a stale lock out of the way; another process may have done so just before. */
function setAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(aside, { force: true });
}

/** When a process started, undefined when there is none. Without /proc a living process is 'alive'. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the second field is a name in parentheses that may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    if (process.platform === 'linux') return undefined;
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : undefined;
  }
}
