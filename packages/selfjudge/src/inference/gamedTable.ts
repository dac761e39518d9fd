import { DataError } from '@selfjudge/base';
import { readDataFile } from '@selfjudge/data/internal';
import {
  alpacaEvalLengthControlled,
  type AlpacaEvalRates,
  type GamedAnnotation,
} from '@selfjudge/evaluation/internal';
import type { PolicyRows } from './answerFiles.js';

/** AlpacaEval's table of gamed baselines (`df_gamed.csv` of its data set), by the place of an instruction in the evaluation set. */
export interface GamedTable {
  path: string;
  annotations: GamedAnnotation[];
  /** Of each instruction, in the order of the set. */
  difficulty: number[];
}

const COLUMNS = ['index', 'preference', 'std_delta_len', 'instruction_difficulty'] as const;

/** @throws DataError for a row without a number in one of its columns, or instructions that are not 0, 1, 2, ... */
export async function readGamedTable(path: string): Promise<GamedTable> {
  const { rows, issues } = await readDataFile(path);
  const [issue] = issues;
  if (issue !== undefined) throw new DataError({ path, line: issue.line, reason: issue.reason });
  const difficulty: number[] = [];
  const annotations = rows.map(({ line, columns }): GamedAnnotation => {
    const [index, preference, deltaInDeviations, own] = COLUMNS.map((name) => {
      const value = columns[name];
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' && Number.isFinite(number)) return number;
      throw new DataError({
        path,
        line,
        reason: `expected a number in ${name}, one of the columns ${COLUMNS.join(', ')} of df_gamed.csv, received ${JSON.stringify(value) ?? 'nothing'}`,
      });
    });
    difficulty[index] = own;
    return { preference, deltaInDeviations, difficulty: own };
  });
  // By index, which finds holes too.
  for (let i = 0; i < difficulty.length; i++)
    if (difficulty[i] === undefined)
      throw new DataError({
        path,
        line: 1,
        reason: `expected every instruction from 0 on, received none of ${i}`,
      });
  return { path, annotations, difficulty };
}

/** @throws DataError unless both files answer the instructions of the table, all of them */
export function assertInstructions(
  { path, difficulty }: GamedTable,
  { rows, others }: Pick<PolicyRows, 'rows' | 'others'>,
): void {
  if (rows.length === difficulty.length && others.a + others.b === 0) return;
  throw new DataError({
    path,
    line: 1,
    reason:
      `its rates are of all ${difficulty.length} instructions in the order of the set: expected as many answers in both files, ` +
      `received ${rows.length} that both have, ${others.a} and ${others.b} of one alone`,
  });
}

/** AlpacaEval 2's length-controlled rate of a policy, in percent. @param preferences one a row, see `Annotation` */
export function controlledRate(
  { annotations, difficulty }: GamedTable,
  { rows }: Pick<PolicyRows, 'rows'>,
  preferences: readonly number[],
): Pick<AlpacaEvalRates, 'winRate' | 'standardError'> {
  const answered = rows.map(({ value }, i) => {
    const [model, baseline] = value!.completions;
    return {
      preference: preferences[i],
      lengths: [baseline.length, model.length] as const,
      difficulty: difficulty[i],
    };
  });
  return alpacaEvalLengthControlled(answered, annotations);
}
