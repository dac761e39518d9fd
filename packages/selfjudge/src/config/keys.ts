import type { ConfigFault } from '@selfjudge/base';
import { nearest } from '@selfjudge/base/internal';
import { BATCH_FACTORS, meaningOf, type Recipe } from './recipes/index.js';
import { TRAINING_VERBS, type VerbConfig } from './verbs.js';

type Given = Record<string, unknown>;

/** What of a source could be taken, what not, and what makes no difference. */
export interface Known {
  values: Given;
  faults: ConfigFault[];
  /** Keys by the reason why they change nothing. */
  notes: Map<string, string[]>;
}

/** A source's keys under ours: those of other tools are translated, are said to change nothing, or are refused with the reason. */
export function knownKeys(name: string, verb: VerbConfig, given: Given): Known {
  const faults: ConfigFault[] = [];
  const notes: Known['notes'] = new Map();
  const values: Given = {};
  const lightly: Given = {};
  const recipe: Recipe = { verb: name, given, has: (key) => Object.hasOwn(verb.fields, key) };
  const put = (key: string, from: string, value: unknown) => {
    if (!Object.hasOwn(values, key) || same(values[key], value)) values[key] = value;
    else
      faults.push({
        key: from,
        expected: `${key} once: ${shown(values[key])} is given too`,
        received: value,
      });
  };
  // What other tools say under a key of ours, and we do not, has the meaning that it has in theirs.
  const isForeign = (key: string, value: unknown) =>
    FOREIGN.has(key) && isOwn(verb, key) && !verb.fields[key].safeParse(value).success;
  for (const [key, value] of Object.entries(given))
    if (isOwn(verb, key) && !isForeign(key, value)) put(key, key, value);
  for (const [key, value] of Object.entries(given)) {
    if (isOwn(verb, key) && !isForeign(key, value)) continue;
    const outcome = meaningOf(key)?.(value, recipe);
    if (outcome === undefined) faults.push(unknown(name, verb, key, value));
    else if ('refuse' in outcome) faults.push({ key, expected: outcome.refuse, received: value });
    else {
      for (const [ours, taken] of Object.entries(outcome.take ?? {})) put(ours, key, taken);
      Object.assign(lightly, outcome.lightly);
      if (outcome.note !== undefined) notes.set(outcome.note, [...(notes.get(outcome.note) ?? []), key]);
    }
  }
  const kept = Object.entries(lightly).filter(([key]) => recipe.has(key));
  return { values: { ...Object.fromEntries(kept), ...values }, faults, notes };
}

const FOREIGN: ReadonlySet<string> = new Set(['report_to']);

const isOwn = (verb: VerbConfig, key: string): boolean =>
  Object.hasOwn(verb.fields, key) ||
  (Object.hasOwn(verb.fields, 'train_batch_size') && BATCH_FACTORS.includes(key));

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A key that no tool has, or one of another verb. */
function unknown(name: string, verb: VerbConfig, key: string, received: unknown): ConfigFault {
  const others = Object.entries<VerbConfig>(TRAINING_VERBS)
    .filter(([, { fields }]) => Object.hasOwn(fields, key))
    .map(([other]) => other);
  if (others.length > 0)
    return {
      key,
      expected: `left out: it is a key of ${others.join(', ')}, and ${name} was called`,
      received,
    };
  return { key, expected: 'a key of this verb', received, nearest: nearest(key, Object.keys(verb.fields)) };
}

/**
 * Puts the product of TRL's two factors in the place of `train_batch_size`.
 * @param below a source that this one overrides, which may give the other factor
 * @returns with a fault for a factor that is none, or for another product than the batch size
 */
export function withBatchSize(given: Given, below: Given = {}): Pick<Known, 'values' | 'faults'> {
  const rest = Object.fromEntries(Object.entries(given).filter(([key]) => !BATCH_FACTORS.includes(key)));
  if (!BATCH_FACTORS.some((key) => key in given)) return { values: rest, faults: [] };
  let product = 1;
  for (const key of BATCH_FACTORS) {
    const received = given[key] ?? below[key] ?? 1;
    if (!isFactor(received))
      return { values: rest, faults: [{ key, expected: 'a whole number of at least 1', received }] };
    product *= received;
  }
  const { train_batch_size: own = product } = rest;
  if (own === product) return { values: { ...rest, train_batch_size: product }, faults: [] };
  const expected = `${product}, as ${BATCH_FACTORS.join(' x ')} says (one of them is enough)`;
  return { values: rest, faults: [{ key: 'train_batch_size', expected, received: own }] };
}

const isFactor = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;
