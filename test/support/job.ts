import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The process that is one rank of a job whose command line has `word` in it. */
export function processOf(word: string, rank: number): number | undefined {
  const read = (pid: string, name: string) => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return '';
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find(
    (one) =>
      read(one, 'cmdline').split('\0').includes(word) &&
      read(one, 'environ').split('\0').includes(`OMPI_COMM_WORLD_RANK=${rank}`),
  );
  return pid === undefined ? undefined : Number(pid);
}

/** Resolves once `is` gives something. @throws after 60 s */
export async function awaited<T>(is: () => T | undefined): Promise<T> {
  for (let i = 0; i < 3000; i++) {
    const value = is();
    if (value !== undefined) return value;
    await sleep(20);
  }
  throw new Error('waited for 60 s');
}
