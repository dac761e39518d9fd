import type { ParameterSet } from '@selfjudge/engine';
import { check, float32s, object, type Check } from '@selfjudge/base/checks';

/**
 * What is trained, by name: `policy` for the weights or the adapter of the policy, others beside it (a head). Names are
 * what checkpoints hold them under.
 */
export type ParameterSets = Readonly<Record<string, ParameterSet>>;

/** What each set is told apart by in a checkpoint: float32 values by the name of their set. */
export type NamedValues = Record<string, Float32Array>;

/** How many parameters there are in all. */
export const sizeOf = (sets: ParameterSets): number =>
  Object.values(sets).reduce((sum, { size }) => sum + size, 0);

/** The device that the sets are on. */
export const deviceOf = (sets: ParameterSets) => Object.values(sets)[0].value.device;

export function zeroGrads(sets: ParameterSets): void {
  for (const set of Object.values(sets)) set.zeroGrad();
}

/** The values of every set. */
export async function readSets(sets: ParameterSets): Promise<NamedValues> {
  const all = Object.entries(sets).map(async ([name, set]) => [name, await set.read()] as const);
  return Object.fromEntries(await Promise.all(all));
}

/** Values for every set. */
export const valuesOf = (sets: ParameterSets): Check =>
  object(Object.fromEntries(Object.keys(sets).map((name) => [name, float32s])));

/** Sets the values of every set, as `readSets` gave them. @throws ArgumentError for a set without values */
export function loadSets(sets: ParameterSets, values: NamedValues): void {
  check('loadSets', { values }, { values: valuesOf(sets) });
  for (const [name, set] of Object.entries(sets)) set.load(values[name]);
}
