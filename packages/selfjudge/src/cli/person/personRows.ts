import { ConfigError } from '@selfjudge/base';
import type { AnswerPair } from '@selfjudge/data';
import { judgeRows } from '../../inference/judge.js';
import type { InputRow } from '../../rows/rows.js';
import { judgedRow, type PortionWork } from '../judgeInto.js';
import type { RowsOutput } from '../keptRows.js';
import { TakeBack, type PersonJudge } from './personJudge.js';

/**
 * The verdict of a person on the two answers of each row, each written as soon as it is there. What the person takes back is taken
 * out of the output, that of an earlier sitting too.
 * @throws ConfigError where the output keeps nothing
 */
export function personOn(
  rows: readonly InputRow<AnswerPair>[],
  person: PersonJudge,
  output: RowsOutput,
): PortionWork {
  if (output.takeBack === undefined)
    throw new ConfigError({
      key: 'judge',
      expected: 'a file or folder to keep the verdicts of a person in (--out, --output_dir)',
      received: 'none',
    });
  const isAsked = ({ value }: InputRow<AnswerPair>) =>
    value !== undefined && value.completions[0] !== value.completions[1];
  return async function* (judge, { from, signal }) {
    for (let row = from; row < rows.length;) {
      signal.throwIfAborted();
      person.place = `${row + 1} of ${rows.length}`;
      const one = rows.slice(row, row + 1);
      try {
        for await (const [result] of judgeRows(judge, one, { signal })) {
          const { line, problem } = result;
          yield {
            rows: [judgedRow(one[0], result, undefined)],
            results: [problem === undefined ? { line, value: true } : { line, problem }],
            isLast: false,
          };
        }
        row++;
      } catch (error) {
        if (!(error instanceof TakeBack)) throw error;
        const before = rows.slice(0, row).findLastIndex(isAsked);
        if (before === -1) person.say('there is nothing to take back');
        else {
          output.takeBack!(row - before);
          row = before;
          person.say('taken back');
        }
      }
    }
  };
}
