import { ConfigError, RankError } from '@selfjudge/base';
import { openedRanks } from './mpiRanks.js';
import type { Ranks } from './ranks.js';

/** What a rank comes to the first exchange with: what decides the bits of its work, or why it cannot begin. */
interface Arrival {
  facts?: Readonly<Record<string, string>>;
  failure?: string;
}

/**
 * The first exchange of a job: all ranks have prepared the same work, or none begins it.
 * @param facts what has to be the same, in words, by what it is
 * @throws RankError when another rank failed before, with its words; ConfigError for every fact by which a rank differs from rank 0
 */
export function meet(ranks: Ranks, facts: () => Readonly<Record<string, string>>): void {
  if (ranks.size === 1) return;
  const all = arrive(ranks, { facts: facts() });
  const failed = all.findIndex(({ failure }) => failure !== undefined);
  if (failed >= 0) {
    ranks.endTogether();
    throw new RankError({
      what: `rank ${failed}`,
      expected: 'all ranks ready to begin',
      received: all[failed].failure,
    });
  }
  const [first, ...others] = all.map((arrival) => arrival.facts!);
  const faults = others.flatMap((own, i) =>
    [...new Set([...Object.keys(first), ...Object.keys(own)])]
      .filter((name) => first[name] !== own[name])
      .map((name) => ({
        key: name,
        expected: `the same on all ranks; rank 0 has ${first[name] ?? 'none'}`,
        received: `${own[name] ?? 'none'} on rank ${i + 1}`,
      })),
  );
  if (faults.length === 0) return;
  ranks.endTogether();
  const [fault, ...more] = faults;
  throw new ConfigError(fault, ...more);
}

/**
 * Tells the other ranks, which come to `meet` or fail themselves, that this one cannot begin. All end together then.
 * @returns whether they were told: after the first exchange nobody waits for it, and the job has to be ended
 */
export function meetFailed(failure: string): boolean {
  const ranks = openedRanks();
  if (ranks === undefined || ranks.met) return false;
  arrive(ranks, { failure });
  ranks.endTogether();
  return true;
}

function arrive(ranks: Ranks, own: Arrival): Arrival[] {
  const opened = openedRanks();
  if (opened !== undefined) opened.met = true;
  return ranks.gather(own);
}
