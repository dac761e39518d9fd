import { createHash } from 'node:crypto';
import type { AnswerPair } from '@selfjudge/data';
import { promptColumns } from '@selfjudge/data/internal';
import {
  grouped,
  isRewardBenchSubset,
  judgeTrust,
  rewardBench,
  rewardBench2,
  type Better,
  type JudgeTrust,
  type RewardBench,
  type RewardBench2,
  type TrustPair,
} from '@selfjudge/evaluation/internal';
import type { Verdict } from '@selfjudge/judging';
import { questionsOf } from './bestOfRows.js';
import { valueText } from './knownVerdicts.js';
import type { TrustRow } from './trustRows.js';

/** The file of an evaluation in its folder. */
export const JUDGE_RESULT = 'judge.json';

/** What labelled files say of a judge. */
export interface JudgeEvaluation {
  kind: 'judge';
  /** Who it is, and the files, as they were named. */
  judge: string;
  files: string[];
  trust: JudgeTrust;
  /** The same for each value of a column, in the order in which they first stand. */
  by?: { column: string; values: (JudgeTrust & { value: string })[] };
  rewardBench?: RewardBench;
  rewardBench2?: RewardBench2;
  /** Each pair that could be asked about, in the order of the files. */
  verdicts: PairVerdict[];
}

/** What two evaluations of judges are compared by. */
export interface PairVerdict {
  /** Of prompt and answers. */
  pair: string;
  label?: Better;
  winner: Verdict['winner'];
  probability: number;
}

export interface JudgeEvaluationOptions {
  judge: string;
  files: readonly string[];
  by?: string;
  ownModel?: string;
}

/** @param verdicts one a row; those of rows that cannot be used count nowhere */
export function judgeEvaluation(
  rows: readonly TrustRow[],
  verdicts: readonly Verdict[],
  { judge, files, by, ownModel }: JudgeEvaluationOptions,
): JudgeEvaluation {
  const usable = rows.flatMap((row, i) =>
    row.value === undefined ? [] : [{ ...row, pair: row.value, verdict: verdicts[i] }],
  );
  const known = usable.map(({ pair, facts, verdict, columns }) => {
    const [a, b] = pair.completions;
    const { bestOf: _, ...told } = facts;
    const trust: TrustPair = { verdict, lengths: [a.length, b.length], ...told };
    return { trust, columns, pair, bestOf: facts.bestOf };
  });
  const trustOf = (of: typeof known) =>
    judgeTrust(
      of.map(({ trust }) => trust),
      ownModel,
    );
  const one = known.filter(({ bestOf }) => bestOf === undefined);
  const subsets = one.flatMap(({ columns, trust }) => {
    const { subset } = columns ?? {};
    const isOf = typeof subset === 'string' && trust.ordered === true;
    return isOf ? [{ subset, winner: trust.verdict.winner }] : [];
  });
  const several = questionsOf(
    known.flatMap(({ bestOf, trust }) => (bestOf === undefined ? [] : [{ bestOf, verdict: trust.verdict }])),
  );
  return {
    kind: 'judge',
    judge,
    files: [...files],
    trust: trustOf(known),
    ...(by !== undefined && {
      by: {
        column: by,
        values: [...grouped(known, ({ columns }) => valueText(columns?.[by]))].map(([value, of]) => ({
          value,
          ...trustOf(of),
        })),
      },
    }),
    ...(subsets.some(({ subset }) => isRewardBenchSubset(subset)) && { rewardBench: rewardBench(subsets) }),
    ...(several.length > 0 && { rewardBench2: rewardBench2(several) }),
    verdicts: known.map(({ pair, trust }) => ({
      pair: keyOf(pair),
      ...(trust.label !== undefined && { label: trust.label }),
      winner: trust.verdict.winner,
      probability: trust.verdict.probability,
    })),
  };
}

const keyOf = ({ prompt, completions }: AnswerPair): string =>
  createHash('sha256')
    .update(JSON.stringify([promptColumns(prompt), completions]))
    .digest('hex')
    .slice(0, 16);
