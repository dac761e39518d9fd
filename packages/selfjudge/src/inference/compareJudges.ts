import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, readJsonObject } from '@selfjudge/base';
import type { Estimate } from '@selfjudge/evaluation';
import { cohenKappa, mcnemar, pointsOf, type McNemar } from '@selfjudge/evaluation/internal';
import { z } from 'zod';
import { compared, type Compared } from './compared.js';
import { JUDGE_RESULT } from './judgeEvaluation.js';
import { numbered } from './numbered.js';

const better = z.enum(['a', 'b', 'tie']);
const schema = z.object({
  kind: z.literal('judge'),
  judge: z.string(),
  verdicts: z.array(z.object({ pair: z.string(), label: better.optional(), winner: better.nullable() })),
});
type Evaluated = z.infer<typeof schema>;

/** Two judges on the pairs that both were asked about. */
export interface JudgeComparison {
  judges: [a: string, b: string];
  /** Pairs that both have, and those of one alone, which are left out. */
  pairs: number;
  others: { a: number; b: number };
  /** Accuracy of both, and A minus B pair by pair, of labelled pairs on which both have a verdict; a tie counts half. */
  accuracy: Compared;
  /** On the same, a verdict being right where it is the label. */
  mcnemar: McNemar;
  /** Cohen's kappa of the two, labels or not. */
  agreement: Estimate;
}

/** The result of an evaluation of a judge: the file, or the folder it was written to; undefined for what is neither. */
export function judgeResultAt(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, JUDGE_RESULT) : path;
  return existsSync(file) && readJsonObject(file).kind === 'judge' ? file : undefined;
}

/**
 * Two judges compared pair by pair.
 * @param files what `evaluate judge --output_dir` wrote of each, see `judgeResultAt`
 * @throws FileFormatError for other files, without a labelled pair in common, or with another label of the same pair
 */
export function compareJudges([fileA, fileB]: readonly [a: string, b: string]): JudgeComparison {
  const [a, b] = [read(fileA), read(fileB)];
  const [ofA, ofB] = [a, b].map(({ verdicts }) => numbered(verdicts, ({ pair }) => pair));
  const shared = [...ofA.keys()].filter((key) => ofB.has(key));
  const both = shared.map((key) => ({ key, x: ofA.get(key)!, y: ofB.get(key)! }));
  const other = both.find(({ x, y }) => x.label !== y.label);
  const judged = both.flatMap(({ key, x, y }) =>
    x.label === undefined || x.winner === null || y.winner === null
      ? []
      : [{ key, label: x.label, x: x.winner, y: y.winner }],
  );
  if (judged.length === 0 || other !== undefined)
    throw new FileFormatError({
      path: fileB,
      expected: `verdicts on labelled pairs of ${fileA}`,
      received: other === undefined ? 'no labelled pair in common' : `another label of the pair ${other.key}`,
    });
  return {
    judges: [a.judge, b.judge],
    pairs: shared.length,
    others: { a: ofA.size - shared.length, b: ofB.size - shared.length },
    accuracy: compared(
      judged.map(({ key, label, x, y }) => ({ group: key, x: pointsOf(x, label), y: pointsOf(y, label) })),
    ),
    mcnemar: mcnemar(judged.map(({ label, x, y }) => [x === label, y === label])),
    agreement: cohenKappa(
      both.flatMap(({ x, y }) => (x.winner === null || y.winner === null ? [] : [[x.winner, y.winner]])),
    ),
  };
}

function read(path: string): Evaluated {
  const { success, data, error } = schema.safeParse(readJsonObject(path));
  if (success) return data;
  throw new FileFormatError({
    path,
    expected: 'what evaluate judge --output_dir writes',
    received: `${error.issues[0].path.join('.')}: ${error.issues[0].message}`,
  });
}
