import type { Command } from 'commander';
import type { PromptFormat, SftExample } from '@selfjudge/data';
import { promptOfExample, toSftExample } from '@selfjudge/data/internal';
import { shareOut } from '@selfjudge/engine/internal';
import { readRows } from '../rows/rows.js';
import { rowShape } from '../rows/rowShape.js';
import { promptNotes } from '../rows/promptNotes.js';
import { rewardRows } from '../inference/reward.js';
import { scoreRows } from '../inference/score.js';
import { openModel } from '../models/model.js';
import { openRewardModel, type OpenReward } from '../models/rewardModel.js';
import { MODEL_VERBS } from '../config/index.js';
import { addModelFlags, addOutputFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';
import { overRows } from './overRows.js';

export function addScoreVerb(program: Command): void {
  const command = program
    .command('score <file>')
    .summary('log-probabilities of completions')
    .description(
      'Log-probabilities of completions.\n\n' +
        'Rows {prompt, completion}, strings or message lists, to {logprob, tokens, logprobs}: nats, the end of the ' +
        'turn included. With --reward and a reward model to {reward}.',
    );
  addOutputFlags(addModelFlags(command, 'score')).action((given: string) => {
    const file = filePath('file', given);
    const options = optionsOf(MODEL_VERBS.score, command);
    const shape = rowShape(options.datasetShape);
    const rows = {
      files: [file],
      title: 'score',
      unit: 'rows',
      read: ([path]: readonly string[], promptFormat: PromptFormat) =>
        readRows(path, (row, id) => toSftExample(row, id, { promptFormat }), shape),
      promptOf: (example: SftExample) => promptOfExample(example),
      promptNotes,
    };
    if (options.reward)
      return overRows<SftExample, number, OpenReward, typeof options>(
        {
          ...rows,
          open: openRewardModel,
          work: (opened, read, hooks) =>
            shareOut(hooks.ranks, read, (part) => rewardRows(opened, part, hooks)),
          show: (reward) => [{ reward }],
          empty: { reward: null },
        },
        options,
      );
    return overRows(
      {
        ...rows,
        open: openModel,
        work: (opened, read, hooks) => shareOut(hooks.ranks, read, (part) => scoreRows(opened, part, hooks)),
        show: (score) => [score],
        empty: { logprob: null, tokens: [], logprobs: [] },
      },
      options,
    );
  });
}
