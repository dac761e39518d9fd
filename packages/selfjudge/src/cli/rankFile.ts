import { ConfigError } from '@selfjudge/base';
import { pairsOf, type AnswerSet } from '../inference/answerSet.js';
import type { InputRow } from '../rows/rows.js';
import type { AskedJudge, JudgeOptions } from './askedJudge.js';
import { print } from './exit.js';
import { judgeInto, type JudgeHooks } from './judgeInto.js';
import type { RowsOutput } from './keptRows.js';
import { describeRankings, endsOf, RANKING_COLUMNS, rankingSummary, rankingsOf } from './rankInto.js';
import { writePairs } from './writtenPairs.js';

/** What is said or done of two answers alone. */
const OF_PAIRS = ['by', 'explain', 'calibrate'] as const;

/**
 * Ranks the answers of each row and says how it came out.
 * @throws ConfigError for what asks for rows of two answers
 */
export async function rankFile(
  rows: readonly InputRow<AnswerSet>[],
  asked: AskedJudge,
  {
    output,
    options,
    pairs,
    hooks,
  }: { output: RowsOutput; options: JudgeOptions; pairs?: string; hooks: JudgeHooks },
): Promise<void> {
  for (const key of OF_PAIRS)
    if (options[key] !== undefined && options[key] !== false)
      throw new ConfigError({
        key,
        expected: 'rows of two answers',
        received: 'rows of more, which are ranked',
      });
  if (asked.person !== undefined)
    throw new ConfigError({
      key: 'judge',
      expected: 'rows of two answers for a person',
      received: 'rows of more, which are ranked',
    });
  const replaced = RANKING_COLUMNS.filter((name) =>
    rows.some(({ columns }) => columns !== undefined && name in columns),
  );
  if (replaced.length > 0)
    hooks.progress.say(
      `warning: columns of the rows are replaced by those of the ranking: ${replaced.join(', ')}`,
    );
  const { ranking: rounds, seed, out, json } = options;
  const { config } = asked.origin;
  const ranked = { ...asked, origin: { ...asked.origin, config: { ...config, ranking: rounds, seed } } };
  await judgeInto(output, rows, ranked, hooks, rankingsOf(rows, { rounds, seed }));
  if (pairs !== undefined) {
    const ends = output.rows.map(endsOf);
    const won = ends.map((end) => ({ winner: end === undefined ? null : ('a' as const) }));
    hooks.progress.say(
      `note: ${await writePairs(
        pairs,
        pairsOf(rows, (row) => ends[row]),
        won,
      )}`,
    );
  }
  const summary = rankingSummary(output.rows);
  const text = json ? JSON.stringify(summary) : describeRankings(summary);
  if (out === undefined || out === '-') hooks.progress.say(text);
  else print(`${text}\n`);
}
