import type { Row } from './convert.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import { alpaca, hhh, questions, rewardBench, shareGpt } from './shapes/answers.js';
import { alpacaEval, arena, llmBar, pairedColumns, pandaLm, rewardBench2 } from './shapes/judgments.js';
import {
  ultraFeedback,
  ultraFeedbackBestWorst,
  ultraFeedbackDemonstrations,
  ultraFeedbackPrinciples,
} from './shapes/ultraFeedback.js';

/** How the rows of a data set that many know become rows in TRL's columns, or those of judgments. */
export interface Shape {
  /** Columns that all of its rows have, and that tell it from the others. */
  columns: readonly string[];
  /** What tells it too, where others have these columns. */
  isOf?(row: Row): boolean;
  /** @returns what it is read as: some become several rows */
  read(row: Row): Outcome<Row | Row[]>;
}

/** Told in this order: the first whose columns are all there. */
export const SHAPES = {
  ultrafeedback: ultraFeedback,
  pandalm: pandaLm,
  llmbar: llmBar,
  'alpaca-eval': alpacaEval,
  arena,
  'arena-pairs': pairedColumns,
  rewardbench: rewardBench,
  'rewardbench-2': rewardBench2,
  hhh,
  sharegpt: shareGpt,
  alpaca,
  questions,
} as const satisfies Record<string, Shape>;

/** Other readings of the same rows, for who names them. */
export const READINGS = {
  'ultrafeedback-principles': ultraFeedbackPrinciples,
  'ultrafeedback-best-worst': ultraFeedbackBestWorst,
  'ultrafeedback-demonstrations': ultraFeedbackDemonstrations,
} as const satisfies Record<string, Shape>;

export type ToldShape = keyof typeof SHAPES;
export type ShapeName = ToldShape | keyof typeof READINGS;
const TOLD = Object.keys(SHAPES) as ToldShape[];
export const SHAPE_NAMES: readonly ShapeName[] = [
  ...TOLD,
  ...(Object.keys(READINGS) as (keyof typeof READINGS)[]),
];

/** Columns of which one is in every row that is read as it is. */
const OWN = ['prompt', 'messages', 'chosen', 'completion', 'completions', 'a'];

/** The shapes there are, for errors. */
export const KNOWN_SHAPES = `{prompt, chosen, rejected} and the other columns of TRL, {prompt, completions, winner}, HH, ${TOLD.join(', ')}`;

/** What a row is, by its columns: 'own' for those that are read as they are; undefined for none that is known. */
export function shapeOf(row: Row): ToldShape | 'own' | undefined {
  const isOwn = OWN.some((column) => holds(row, column));
  // Of shapes that have columns of ours, only what they have beside them tells them apart.
  const name = TOLD.find((each) => {
    const shape: Shape = SHAPES[each];
    const isTold = holdsColumns(shape, row) && (shape.isOf?.(row) ?? true);
    return isTold && (!isOwn || shape.columns.some(isOneOf(OWN)));
  });
  return name ?? (isOwn ? 'own' : undefined);
}

const isOneOf = (names: readonly string[]) => (name: string) => names.includes(name);
const holds = (row: Row, column: string): boolean => row[column] !== undefined && row[column] !== null;

const holdsColumns = ({ columns }: Shape, row: Row): boolean => columns.every((column) => holds(row, column));

/**
 * A row of a shape as the rows that it becomes, in the columns that are read here.
 * @returns a problem that names what was expected and received, where it is of another shape
 */
export function readShape(name: ShapeName, row: Row): Outcome<Row[]> {
  const shape: Shape = { ...SHAPES, ...READINGS }[name];
  if (holdsColumns(shape, row)) return severalOf(shape.read(row));
  return problem(
    'unknown-shape',
    `expected the columns of ${name} (${shape.columns.join(', ')}), received ${Object.keys(row).join(', ')}`,
  );
}

const severalOf = ({ value, problem: fault }: Outcome<Row | Row[]>): Outcome<Row[]> =>
  fault ? { problem: fault } : { value: Array.isArray(value) ? value : [value] };
