import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, readJsonObject } from '@selfjudge/base';
import { z } from 'zod';
import { compared, type Compared } from './compared.js';
import { numbered } from './numbered.js';
import { POLICY_RESULT } from './policyEvaluation.js';

const winner = z.enum(['a', 'b', 'tie']).nullable();
const JUDGES = ['outsideJudge', 'ownJudge'] as const;
type JudgeName = (typeof JUDGES)[number];

const schema = z.object({
  samples: z.array(
    z.looseObject({
      answer: z.string(),
      baseline: z.string(),
      winners: z.partialRecord(z.enum(JUDGES), winner),
    }),
  ),
});
type Sample = z.infer<typeof schema>['samples'][number];

/** What one evaluation says beside another, on the prompts that both have. */
export interface EvaluationComparison {
  /** Prompts that both have. */
  prompts: number;
  /** Prompts of one alone, which are left out. */
  others: { a: number; b: number };
  /** By judge: the win rates against the baseline, and A minus B prompt by prompt. */
  winRates: Partial<Record<JudgeName, Compared>>;
  /** Characters of an answer, and A minus B prompt by prompt. */
  length: Compared;
}

/**
 * Two evaluations of models against one baseline, compared prompt by prompt: a paired difference has a narrower interval than two
 * rates beside each other. Intervals are 95%, by bootstrap over prompts; ties count half, null verdicts leave a prompt out.
 *
 * @param files what `evaluate --baseline ... --out FILE` wrote
 * @throws FileFormatError for files without samples that were judged, of different baselines, or without a prompt in common
 */
export function compareEvaluations([fileA, fileB]: readonly [a: string, b: string]): EvaluationComparison {
  const [a, b] = [read(fileA), read(fileB)];
  const shared = [...a.keys()].filter((key) => b.has(key));
  const different = shared.find((key) => a.get(key)!.baseline !== b.get(key)!.baseline);
  if (shared.length === 0 || different !== undefined)
    throw new FileFormatError({
      path: fileB,
      expected: `answers to prompts of ${fileA}, compared with the same baseline, seed and settings`,
      received:
        different === undefined ? 'no prompt in common' : `another answer of the baseline to ${different}`,
    });
  const paired = (of: (sample: Sample) => number | undefined) =>
    shared.flatMap((key) => {
      const [x, y] = [of(a.get(key)!), of(b.get(key)!)];
      return x === undefined || y === undefined ? [] : [{ group: key, x, y }];
    });
  const winRates = JUDGES.flatMap((judge) => {
    const both = paired(({ winners }) => pointsOf(winners[judge]));
    return both.length === 0 ? [] : [[judge, compared(both)] as const];
  });
  return {
    prompts: shared.length,
    others: { a: a.size - shared.length, b: b.size - shared.length },
    winRates: Object.fromEntries(winRates),
    length: compared(paired(({ answer }) => answer.length)),
  };
}

/** The result of an evaluation of a policy: the file itself, or that of the folder that `evaluate policy` wrote. */
export const policyResultAt = (path: string): string =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, POLICY_RESULT) : path;

/** What of a sample is of its answers. */
const ANSWERED = new Set(['answer', 'baseline', 'winners']);

/** The samples by what was asked. */
function read(path: string): Map<string, Sample> {
  const { success, data, error } = schema.safeParse(readJsonObject(path));
  if (!success)
    throw new FileFormatError({
      path,
      expected: 'samples with the winners of each, as evaluate --baseline writes them',
      received: `${error.issues[0].path.join('.')}: ${error.issues[0].message}`,
    });
  return numbered(data.samples, questionOf);
}

/** Everything of a sample that is not an answer. */
const questionOf = (sample: Sample): string =>
  JSON.stringify(Object.fromEntries(Object.entries(sample).filter(([name]) => !ANSWERED.has(name))));

const pointsOf = (name: z.infer<typeof winner> | undefined): number | undefined =>
  name === 'a' ? 1 : name === 'b' ? 0 : name === 'tie' ? 0.5 : undefined;
