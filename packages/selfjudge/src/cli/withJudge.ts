import { ConfigError } from '@selfjudge/base';
import type { Text } from '@selfjudge/data';
import { holdsReward, ranksOfProcess } from '@selfjudge/engine/internal';
import { openModel } from '../models/model.js';
import { openRewardModel } from '../models/rewardModel.js';
import { judgedNotes } from '../rows/promptNotes.js';
import type { InputRow } from '../rows/rows.js';
import { askedEndpoint, askedModel, type AskedJudge, type AskedOptions } from './askedJudge.js';
import { withDownloads } from './downloads.js';
import type { OpenedJudge } from '../models/judgeOrigin.js';
import { placesOf, withRows, type RowSource } from './overRows.js';
import type { Progress } from './progress.js';

/** Rows that are to be judged. */
export type JudgedRows<In> = Pick<RowSource<In, OpenedJudge, AskedOptions>, 'files' | 'read'>;

/** Reads rows and opens who judges them: a model here, or one behind an endpoint. It is closed after the work. */
export async function withJudge<In extends { prompt: Text }>(
  { files, read }: JudgedRows<In>,
  options: AskedOptions,
  hooks: { progress: Progress; signal: AbortSignal },
  work: (rows: InputRow<In>[], asked: AskedJudge) => Promise<void>,
): Promise<void> {
  const { judgeEndpoint: endpoint, promptFormat } = options;
  if (endpoint === undefined)
    return withRows<In, OpenedJudge, AskedOptions>(
      {
        files,
        read,
        open: (path, model) => (holdsReward(path) ? openRewardModel(path, model) : openModel(path, model)),
        promptOf: ({ prompt }) => prompt,
        promptNotes: judgedNotes,
      },
      options,
      hooks,
      (ready) => work(ready.rows, askedModel(ready)),
    );
  if (ranksOfProcess().size > 1)
    throw new ConfigError({
      key: 'judge_endpoint',
      expected: 'one process: a model elsewhere is asked by judge_concurrency calls at a time',
      received: 'several',
    });
  const format = promptFormat === 'auto' ? 'standard' : promptFormat;
  const rows = await read(await withDownloads(hooks.signal, (on) => placesOf(files, on)), format);
  const say = (line: string) => hooks.progress.say(line);
  for (const line of judgedNotes(rows.flatMap(({ value }) => (value === undefined ? [] : [value.prompt]))))
    say(`note: ${line}`);
  return work(rows, askedEndpoint(endpoint, options, { rows, format, say }));
}
