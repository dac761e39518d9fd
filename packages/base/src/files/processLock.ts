import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Who has a lock. */
export interface LockHolder {
  pid: number;
  /** When the process started, so that a process id used again is not taken for the holder. */
  started: string;
}

/**
 * A right that one process of this machine has at a time: a file PATH.N with its id and start time. A lock whose holder
 * is gone is stale; whoever comes next takes the number after it. A stale name is never taken over, so of two that find
 * the same stale lock only one can have the next; it then looks again at all others before it believes it.
 */
export class ProcessLock {
  private constructor(private readonly path: string) {}

  /** @returns the lock, or the living process that has it */
  static acquire(path: string): ProcessLock | LockHolder {
    const candidate = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    try {
      for (;;) {
        const before = numbersOf(path);
        const living = before.flatMap((n) => livingHolder(`${path}.${n}`) ?? []);
        if (living.length > 0) return living[0];
        const own = Math.max(0, ...before) + 1;
        if (!claim(candidate, `${path}.${own}`)) continue;
        const others = numbersOf(path).filter((n) => n !== own);
        const alone = others.every((n) => livingHolder(`${path}.${n}`) === undefined);
        for (const n of alone ? others : [own]) rmSync(`${path}.${n}`, { force: true });
        if (alone) return new ProcessLock(`${path}.${own}`);
      }
    } finally {
      rmSync(candidate, { force: true });
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

/** Whether a living process has the lock at `path`. */
export const isLocked = (path: string): boolean =>
  numbersOf(path).some((n) => livingHolder(`${path}.${n}`) !== undefined);

function numbersOf(path: string): number[] {
  const start = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)));
}

/** Makes the lock file, unless its name is taken. A link appears whole or not at all: no reader sees half a lock. */
function claim(candidate: string, path: string): boolean {
  const own: LockHolder = { pid: process.pid, started: startOf(process.pid) ?? '' };
  try {
    writeFileSync(candidate, JSON.stringify(own));
    linkSync(candidate, path);
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // The holder of the lock may have swept the candidate away.
    if (code === 'EEXIST' || (code === 'ENOENT' && syscall === 'link')) return false;
    throw error;
  }
}

function livingHolder(path: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    // A lock that names nobody is stale.
    if (!Number.isInteger(holder.pid) || typeof holder.started !== 'string') return undefined;
    return startOf(holder.pid) === holder.started ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** When a process started, undefined when there is none. Without /proc a living process is 'alive'. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may hold spaces; the third is the state, field 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that has ended but whose parent has not looked yet writes no more.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
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
