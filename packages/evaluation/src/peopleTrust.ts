import type { Estimate } from './estimate.js';
import { cohenKappa } from './kappa.js';
import type { TrustPair } from './trustPair.js';

/** How far a judge agrees with each of several people, and they with each other. */
export interface PeopleTrust {
  /** Cohen's kappa of the judge and each person, on pairs that both judged. */
  judge: { person: string; kappa: Estimate }[];
  /** Of each two people: what a judge can be expected to reach. */
  each: { people: [string, string]; kappa: Estimate }[];
}

/** @returns undefined where no pair says who said what */
export function peopleTrust(pairs: readonly TrustPair[]): PeopleTrust | undefined {
  const names = [...new Set(pairs.flatMap(({ people = {} }) => Object.keys(people)))];
  if (names.length === 0) return undefined;
  return {
    judge: names.map((person) => ({
      person,
      kappa: cohenKappa(
        pairs.flatMap(({ verdict: { winner }, people = {} }) =>
          winner === null || !Object.hasOwn(people, person) ? [] : [[winner, people[person]]],
        ),
      ),
    })),
    each: names.flatMap((one, i) =>
      names.slice(i + 1).map((other) => ({
        people: [one, other] as [string, string],
        kappa: cohenKappa(
          pairs.flatMap(({ people = {} }) =>
            Object.hasOwn(people, one) && Object.hasOwn(people, other) ? [[people[one], people[other]]] : [],
          ),
        ),
      })),
    ),
  };
}
