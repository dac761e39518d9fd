import { readFileSync } from 'node:fs';

/** Where a rank runs. */
export interface Place {
  /** Of the machine's kernel since its start: the same in all containers of a machine. */
  boot: string;
  /** Numbers of the processors that the rank may run on. */
  cpus: number[];
  /** CUDA_VISIBLE_DEVICES: which GPUs of the machine the rank sees, under numbers from 0. Absent: all. */
  gpus?: string;
}

/**
 * Threads of each rank's own: of the processors that it shares with other ranks its part, at least one.
 * @param places of all ranks
 * @param workers what affinity and cgroup allow this process
 */
export function threadsOf(places: readonly Place[], rank: number, workers: number): number {
  const { boot, cpus } = places[rank];
  const here = places.filter((place) => place.boot === boot).map((place) => new Set(place.cpus));
  const share = cpus.reduce((sum, cpu) => sum + 1 / here.filter((set) => set.has(cpu)).length, 0);
  // Thirds do not add up to a whole.
  return Math.max(1, Math.floor((workers * share) / cpus.length + 1e-9));
}

/** The GPU of a rank: of those that other ranks of its machine see too, one of its own, in the order of ranks. */
export function gpuOf(places: readonly Place[], rank: number): number {
  const { boot, gpus } = places[rank];
  return places.slice(0, rank).filter((place) => place.boot === boot && place.gpus === gpus).length;
}

/** Where this process runs, as Linux tells. */
export function placeOfProcess(): Place {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, list = '0'] = /^Cpus_allowed_list:\s*(\S+)/m.exec(status) ?? [];
  return {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    cpus: cpuNumbers(list),
    gpus: process.env.CUDA_VISIBLE_DEVICES,
  };
}

/** The numbers of a list such as 0-2,5. */
export function cpuNumbers(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
