import type { Issue, JudgedPair, PromptFormat, Text } from '@selfjudge/data';
import { loadJudgedPairs } from '@selfjudge/data/internal';
import { contextText } from './context.js';
import { judgeBy, type Judge } from './judge.js';
import { larger, NO_VERDICT, type Evidence, type Verdict } from './verdict.js';

/** A judgment that was made: by people, or by whatever judge. */
export type RecordedJudgment = Pick<JudgedPair, 'prompt' | 'completions' | 'winner'>;

export interface RecordedOptions {
  /** What a string prompt of the file is, see `loadJudgedPairs`. Default 'standard', the same as everywhere. */
  promptFormat?: PromptFormat;
}

/** How many judgments of the two answers there are. */
export interface RecordedEvidence extends Evidence {
  readonly kind: 'recorded';
  /** For answer a, for answer b, and for neither. */
  a: number;
  b: number;
  ties: number;
}

export interface RecordedVerdict extends Verdict {
  /** Absent where there is no judgment. */
  evidence?: RecordedEvidence;
}

export interface RecordedJudge extends Judge<RecordedVerdict> {
  /** Distinct pairs of answers that there are judgments of. */
  readonly pairs: number;
  /** Rows of the file that could not be used. */
  readonly issues: readonly Issue[];
}

/**
 * Judgments that were made before, as judge. A pair is found by its prompt, as a judge reads it, and both texts, in either
 * order; a pair that nobody judged has no verdict (`not-recorded`). Several judgments of one pair are counted: the
 * probability, and score, of an answer is its share of them, a tie half for each, and the winner is who has more than
 * half.
 *
 * @param source a file of rows of `{prompt, completions: [a, b], winner}` (see `toJudgedPair`), or such rows in memory.
 * @throws DataError when no row of the file can be used
 */
export async function recorded(
  source: string | readonly RecordedJudgment[],
  options?: RecordedOptions,
): Promise<RecordedJudge> {
  const { rows, issues } =
    typeof source === 'string' ? await loadJudgedPairs(source, options) : { rows: source, issues: [] };
  const book = new Map<string, RecordedEvidence>();
  for (const { prompt, completions, winner } of rows) {
    const [a, b] = completions;
    const key = keyOf(prompt, a, b);
    const count = book.get(key) ?? { kind: 'recorded', a: 0, b: 0, ties: 0 };
    book.set(key, count);
    // Counted for the text that sorts first and the one behind it.
    if (winner === 'tie') count.ties++;
    else count[(winner === 'a') === inOrder(a, b) ? 'a' : 'b']++;
  }
  const { compare } = judgeBy('recorded.compare', async (pairs) =>
    pairs.map(({ prompt, a, b }) => {
      const count = book.get(keyOf(prompt, a, b));
      return count === undefined ? NOT_RECORDED : counted(inOrder(a, b) ? count : turned(count));
    }),
  );
  return { compare, pairs: book.size, issues };
}

const NOT_RECORDED: RecordedVerdict = {
  ...NO_VERDICT,
  reason: 'not-recorded',
  detail: 'there is no judgment of these two answers to this prompt',
};

const inOrder = (a: string, b: string): boolean => a <= b;

const keyOf = (prompt: Text, a: string, b: string): string =>
  JSON.stringify([contextText(prompt), ...(inOrder(a, b) ? [a, b] : [b, a])]);

const turned = ({ kind, a, b, ties }: RecordedEvidence): RecordedEvidence => ({ kind, a: b, b: a, ties });

function counted(evidence: RecordedEvidence): RecordedVerdict {
  const { a, b, ties } = evidence;
  const all = a + b + ties;
  const scoreA = (a + ties / 2) / all;
  const scoreB = (b + ties / 2) / all;
  return { winner: larger(a, b), scoreA, scoreB, probability: scoreA, evidence: { ...evidence } };
}
