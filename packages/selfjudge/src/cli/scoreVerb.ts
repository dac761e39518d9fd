import type { Command } from 'commander';
import type { SftExample } from '@selfjudge/data';
import { promptOfExample, toSftExample } from '@selfjudge/data/internal';
import { readRows } from '../rows/rows.js';
import { promptNotes } from '../rows/promptNotes.js';
import { scoreRows } from '../inference/score.js';
import { addModelFlags, addOutputFlags, optionsOf, type RowOptions } from './modelFlags.js';
import { filePath } from './output.js';
import { overRows } from './overRows.js';

export function addScoreVerb(program: Command): void {
  const command = program
    .command('score <file>')
    .summary('log-probabilities of completions')
    .description(
      'Log-probabilities of completions.\n\n' +
        'Rows {prompt, completion}, strings or message lists, to {logprob, tokens, logprobs}: nats, the end of the ' +
        'turn included.',
    );
  addOutputFlags(addModelFlags(command, 'score')).action((given: string) => {
    const file = filePath('file', given);
    return overRows(
      {
        file,
        title: 'score',
        unit: 'rows',
        read: (promptFormat) => readRows(file, (row, id) => toSftExample(row, id, { promptFormat })),
        promptOf: (example: SftExample) => promptOfExample(example),
        promptNotes,
        work: scoreRows,
        show: (score) => [score],
        empty: { logprob: null, tokens: [], logprobs: [] },
      },
      optionsOf<RowOptions>('score', command),
    );
  });
}
