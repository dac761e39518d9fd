import { ensemble } from '@selfjudge/judging/internal';
import { findJudge } from '../models/openJudge.js';
import { fingerprintsOf, WITHOUT_WEIGHTS, type AskedAbout, type AskedJudge } from './askedJudge.js';
import { hashOf, type RowsOrigin } from '../models/judgeOrigin.js';
import { fingerprintOfRows } from './judgeOrigin.js';
import { PersonJudge, type Keys } from './person/personJudge.js';
import type { Screen } from './terminal.js';

/** Judgments of a file, as judge of rows. @param path a file of rows with a winner */
export async function askedRecorded(path: string, { rows, format, say }: AskedAbout): Promise<AskedJudge> {
  const { judge, about, warnings, fingerprint } = await (await findJudge(path, { promptFormat: format }))!();
  say(`note: ${about}`);
  for (const line of warnings) say(`warning: ${line}`);
  const origin: RowsOrigin = {
    config: { verb: 'judge', judge: 'recorded', prompt_format: format },
    contents: { data: fingerprintOfRows(rows), judge: fingerprint },
    kernel_path: 'recorded',
  };
  return { judge, origin, ...fingerprintsOf(origin), ...WITHOUT_WEIGHTS };
}

/** A person at a terminal, as judge of rows. */
export function askedPerson(
  { rows, format, options: { seed } }: AskedAbout,
  terminal: { screen: Screen; keys: Keys },
): AskedJudge {
  const person = new PersonJudge(terminal, seed);
  const origin: RowsOrigin = {
    config: { verb: 'judge', judge: 'terminal', prompt_format: format, seed },
    contents: { data: fingerprintOfRows(rows) },
    kernel_path: 'terminal',
  };
  return {
    judge: person,
    person,
    origin,
    ...fingerprintsOf(origin),
    ...WITHOUT_WEIGHTS,
    dispose: () => person.close(),
  };
}

/** Several judges, as judge of rows: who has more of their votes is better. @param weights of the votes, one a member */
export function askedTogether(
  members: readonly AskedJudge[],
  weights: readonly number[] | undefined,
  { rows, format }: AskedAbout,
): AskedJudge {
  const judges = members.map(({ judge }) => judge);
  const origin: RowsOrigin = {
    config: {
      verb: 'judge',
      judge: members.map(({ origin: { config } }) => ({ ...config, verb: undefined })),
      ...(weights !== undefined && { weights }),
      prompt_format: format,
    },
    contents: { data: fingerprintOfRows(rows), judge: hashOf(members.map(({ anyPath }) => anyPath)) },
    kernel_path: [...new Set(members.map((member) => member.origin.kernel_path))].join(', '),
  };
  return {
    judge: ensemble(judges, { by: 'votes', ...(weights !== undefined && { weights }) }),
    origin,
    ...fingerprintsOf(origin),
    ...WITHOUT_WEIGHTS,
    dispose: () => members.forEach((member) => member.dispose()),
  };
}
