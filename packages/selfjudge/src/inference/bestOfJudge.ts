import type { JudgeReasoning } from '@selfjudge/judging';
import { withJudge, type FoundJudge } from '../models/openJudge.js';
import type { OpenModel } from '../models/model.js';
import { openStart } from '../models/start.js';
import type { AnswerOptions } from './generate.js';
import { judgeOf } from './judge.js';

/** Words for judges that no path names. */
export const OWN_JUDGES = ['self', 'start'] as const;
export const isOwnJudge = (name: string | undefined): name is (typeof OWN_JUDGES)[number] =>
  OWN_JUDGES.some((own) => own === name);

/** Who compares the answers of best_of, as a verb is told. */
export interface BestOfJudgeOptions {
  bestOf: number;
  /** `self` (default), `start`, or what `findJudge` takes. */
  judge?: string;
  /** What the model was trained from, where no run says it. */
  start?: string;
  referenceWeight: number;
  judgeTemplate: string;
  judgeReasoning?: JudgeReasoning | 'auto';
}

/** The path of a judge that is no word for one of the model's own. */
export const judgePathOf = ({ judge }: Pick<BestOfJudgeOptions, 'judge'>): string | undefined =>
  isOwnJudge(judge) ? undefined : judge;

/**
 * Work with who compares answers, and with the start that they are held to; what was opened for it is closed afterwards.
 * @param found the judge at `judgePathOf`
 */
export async function withBestOfJudge<T>(
  opened: OpenModel,
  options: BestOfJudgeOptions,
  found: FoundJudge | undefined,
  work: (
    judged: Pick<AnswerOptions, 'judge' | 'reference' | 'referenceWeight'>,
    warnings: string[],
  ) => Promise<T>,
): Promise<T> {
  const { bestOf, judge: name, referenceWeight, judgeTemplate, judgeReasoning } = options;
  const wantsStart = bestOf > 1 && (name === 'start' || referenceWeight > 0);
  const start = wantsStart ? await openStart(opened, options.start) : undefined;
  try {
    return await withJudge(found, opened, (judge) => {
      const own =
        name === 'start' && start !== undefined ? judgeOf(start, judgeTemplate, judgeReasoning) : undefined;
      return work({ judge: judge?.judge ?? own, reference: start, referenceWeight }, judge?.warnings ?? []);
    });
  } finally {
    start?.dispose();
  }
}
