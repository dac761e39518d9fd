import type { Row } from './convert.js';
import { readMapped, type Mapping } from './mapping.js';
import { problem, type Outcome } from './problem.js';
import { readShape, shapeOf, type ShapeName } from './shapes.js';

/** How rows are read: told by their columns, by a known shape's name, or by a mapping of columns. */
export type RowShape = 'auto' | ShapeName | Mapping;

/** Makes rows of a file's own columns. A file has rows of one shape. */
export class Shaper {
  #told: { name: ShapeName | 'own'; line: number } | undefined;

  constructor(private readonly shape: RowShape) {}

  /**
   * @returns the row in the columns that are read here, or what it becomes in them; itself where it is in them, or in none that are known.
   *   A row of another shape than the first that has one is left out.
   */
  row(line: number, row: Row): Outcome<Row[]> {
    if (typeof this.shape === 'object') {
      const { value, problem } = readMapped(this.shape, row);
      return problem ? { problem } : { value: [value] };
    }
    if (this.shape !== 'auto') return readShape(this.shape, row);
    const name = shapeOf(row);
    if (name !== undefined) this.#told ??= { name, line };
    const told = this.#told;
    if (name !== undefined && told !== undefined && name !== told.name)
      return problem(
        'other-shape',
        `expected rows of one shape, ${nameOf(told.name)} as on line ${told.line}, received ${nameOf(name)} ` +
          `(columns ${Object.keys(row).join(', ')})`,
      );
    return told === undefined || told.name === 'own' ? { value: [row] } : readShape(told.name, row);
  }
}

const nameOf = (name: ShapeName | 'own'): string => (name === 'own' ? "TRL's" : name);
