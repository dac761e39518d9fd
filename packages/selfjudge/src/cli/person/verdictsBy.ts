import type { AnswerPair } from '@selfjudge/data';
import type { InputRow } from '../../rows/rows.js';
import type { AskedJudge } from '../askedJudge.js';
import { verdictsOn, type PortionWork } from '../judgeInto.js';
import type { RowsOutput } from '../keptRows.js';
import { personOn } from './personRows.js';

/** The verdict of whoever judges on the two answers of each row. */
export const verdictsBy = (
  asked: AskedJudge,
  rows: readonly InputRow<AnswerPair>[],
  output: RowsOutput,
): PortionWork =>
  asked.person === undefined ? verdictsOn(rows, asked) : personOn(rows, asked.person, output);
