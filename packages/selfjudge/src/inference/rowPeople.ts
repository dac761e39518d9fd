import type { Row } from '@selfjudge/data';
import { shapeOf } from '@selfjudge/data/internal';
import type { Better } from '@selfjudge/evaluation/internal';

const SAID: readonly Better[] = ['tie', 'a', 'b'];

/**
 * What each of several people said of a row: PandaLM's annotator1 to annotator3 (0 for a tie, 1, 2), or a column `annotators`, a list
 * or an object by name of 'a', 'b' and 'tie'.
 */
export function peopleOf(columns: Row): Record<string, Better> | undefined {
  const said =
    shapeOf(columns) === 'pandalm'
      ? Object.entries(columns).flatMap(([name, value]): [string, Better][] =>
          /^annotator\d+$/.test(name) && (value === 0 || value === 1 || value === 2)
            ? [[name, SAID[value]]]
            : [],
        )
      : named(columns.annotators);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

function named(annotators: unknown): [string, Better][] {
  if (typeof annotators !== 'object' || annotators === null) return [];
  const isList = Array.isArray(annotators);
  return Object.entries(annotators).flatMap(([name, value]): [string, Better][] =>
    SAID.includes(value as Better) ? [[isList ? `annotator${Number(name) + 1}` : name, value as Better]] : [],
  );
}

/** Columns that say who wrote the answers, a and b. */
const WRITERS: readonly (readonly [string, string])[] = [
  ['model_a', 'model_b'],
  ['generator_1', 'generator_2'],
  ['model_1', 'model_2'],
];
const OF_ORDERED = ['chosen_model', 'rejected_model'] as const;

/** @param ordered whether the answers are the chosen and the rejected one */
export function writersOf(columns: Row, ordered: boolean): [string, string] | undefined {
  const pairs = ordered ? [OF_ORDERED, ...WRITERS] : WRITERS;
  for (const [a, b] of pairs) {
    const [one, other] = [columns[a], columns[b]];
    if (typeof one === 'string' && typeof other === 'string') return [one, other];
  }
  // PandaLM's key names both, as llama-7b_opt-7b.
  const { cmp_key: key } = columns;
  const both = typeof key === 'string' && shapeOf(columns) === 'pandalm' ? key.split('_') : [];
  return both.length === 2 ? [both[0], both[1]] : undefined;
}
