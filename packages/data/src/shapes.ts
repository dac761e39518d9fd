import type { Row } from './convert.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import { alpaca, hhh, rewardBench, shareGpt } from './shapes/answers.js';
import { alpacaEval, arena, llmBar, pairedColumns, pandaLm } from './shapes/judgments.js';
import { ultraFeedback } from './shapes/ultraFeedback.js';

/** How the rows of a data set that many know become rows in TRL's columns, or those of judgments. */
export interface Shape {
  /** Columns that all of its rows have, and that tell it from the others. */
  columns: readonly string[];
  read(row: Row): Outcome<Row>;
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
  hhh,
  sharegpt: shareGpt,
  alpaca,
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

/** Columns of which one is in every row that is read as it is. */
const OWN = ['prompt', 'messages', 'chosen', 'completion', 'completions', 'a'];

/** The shapes there are, for errors. */
export const KNOWN_SHAPES = `{prompt, chosen, rejected} and the other columns of TRL, {prompt, completions, winner}, HH, ${SHAPE_NAMES.join(', ')}`;

/** What a row is, by its columns: 'own' for those that are read as they are; undefined for none that is known. */
export function shapeOf(row: Row): ShapeName | 'own' | undefined {
  const isOwn = OWN.some((column) => holds(row, column));
  // Of shapes that have columns of ours, only what they have beside them tells them apart.
  const name = SHAPE_NAMES.find(
    (each) => holdsColumns(SHAPES[each], row) && (!isOwn || SHAPES[each].columns.some(isOneOf(OWN))),
  );
  return name ?? (isOwn ? 'own' : undefined);
}

const isOneOf = (names: readonly string[]) => (name: string) => names.includes(name);
const holds = (row: Row, column: string): boolean => row[column] !== undefined && row[column] !== null;

const holdsColumns = ({ columns }: Shape, row: Row): boolean => columns.every((column) => holds(row, column));

/**
 * A row of a shape in the columns that are read here.
 * @returns a problem that names what was expected and received, where it is of another shape
 */
export function readShape(name: ShapeName, row: Row): Outcome<Row> {
  const shape: Shape = SHAPES[name];
  if (holdsColumns(shape, row)) return shape.read(row);
  return problem(
    'unknown-shape',
    `expected the columns of ${name} (${shape.columns.join(', ')}), received ${Object.keys(row).join(', ')}`,
  );
}
