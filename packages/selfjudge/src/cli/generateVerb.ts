import type { Command } from 'commander';
import { toPromptRow, type Text } from '@selfjudge/data';
import { answerPrompts, type Answer, type AnswerOptions } from '../inference/generate.js';
import type { OpenModel } from '../models/model.js';
import { fittingPrompts } from '../inference/prompts.js';
import { readRows, type InputRow } from '../rows/rows.js';
import { addModelFlags, addOutputFlags, type RowFlags } from './modelFlags.js';
import { overRows } from './overRows.js';
import { numberFlag, wholeFlag } from './values.js';

interface GenerateFlags extends RowFlags {
  prompt?: string;
  count: number;
  best_of: number;
  template: string;
  max_new_tokens: number;
  temperature: number;
  top_p: number;
  top_k: number;
  seed: number;
}

interface Answered {
  prompt: Text;
  answers: Answer[];
}

export function addGenerateVerb(program: Command): void {
  const atLeast1 = wholeFlag({ least: 1 });
  const command = program
    .command('generate [file]')
    .summary('answers to prompts; with --best_of chosen by its own judgments')
    .description(
      'Answers to prompts; with --best_of chosen by the own judgments of the model.\n\n' +
        'Rows {prompt} to {prompt, completion, logprob, finish}, or one --prompt to its answer as text.',
    )
    .optionsGroup('Answers:')
    .option('--prompt <text>', 'one prompt instead of a file')
    .option('--count <n>', 'answers a prompt', atLeast1, 1)
    .option('--best_of <n>', 'sample n answers and keep the winner of a tournament', atLeast1, 1)
    .option('--template <name>', 'judge template of the tournament; auto: the one beside the weights', 'auto')
    .option('--max_new_tokens <n>', 'tokens of an answer at most', atLeast1, 256)
    .option('--temperature <t>', '0 takes the most probable token', numberFlag({ least: 0 }), 1)
    .option('--top_p <p>', 'nucleus sampling; 1 for off', numberFlag({ least: 0, most: 1 }), 0.9)
    .option('--top_k <k>', 'most probable tokens to sample from; 0 for all', wholeFlag(), 0)
    .option('--seed <n>', 'keys the samples', wholeFlag(), 0);
  addOutputFlags(addModelFlags(command), 'the answer to --prompt as JSON too').action(
    (file: string | undefined, flags: GenerateFlags) => {
      const { prompt } = flags;
      if ((file === undefined) === (prompt === undefined))
        command.error('error: give either a file of rows {prompt} or --prompt', { exitCode: 2 });
      if (flags.best_of > 1 && flags.count > 1)
        command.error('error: --count and --best_of exclude each other: a tournament has one winner', {
          exitCode: 2,
        });
      const asText = prompt !== undefined && flags.out === undefined && !flags.json;
      return overRows(
        {
          file: file ?? '--prompt',
          title: 'generate',
          unit: 'answers',
          read: async () =>
            prompt === undefined
              ? readRows(file!, toPromptRow)
              : [{ line: 1, value: { id: 'prompt', prompt } }],
          work: async (opened, rows, { signal, onProgress }) => {
            const fitting = fittingPrompts(opened, rows, flags.max_new_tokens);
            return answered(opened, fitting, {
              bestOf: flags.best_of,
              count: flags.count,
              template: flags.template,
              maxNewTokens: flags.max_new_tokens,
              temperature: flags.temperature,
              topP: flags.top_p,
              topK: flags.top_k,
              seed: flags.seed,
              signal,
              onProgress: ({ done, total, tokens }) => onProgress(done, total, `${tokens} tokens`),
            });
          },
          show: ({ prompt: asked, answers }) =>
            answers.map((answer) => (asText ? answer.text : answerRow(asked, answer))),
          empty: { prompt: null, completion: null },
        },
        flags,
      );
    },
  );
}

/** The rows with their answers, in place. */
async function answered(
  opened: OpenModel,
  rows: InputRow<{ prompt: Text }>[],
  options: AnswerOptions,
): Promise<InputRow<Answered>[]> {
  const prompts = rows.flatMap(({ value }) => (value === undefined ? [] : [value.prompt]));
  const answers = (await answerPrompts(opened, prompts, options)).values();
  return rows.map(({ line, value, problem }) =>
    problem === undefined
      ? { line, value: { prompt: value.prompt, answers: answers.next().value as Answer[] } }
      : { line, problem },
  );
}

function answerRow(prompt: Text, { text, logprob, finish, candidates, tournament }: Answer): object {
  const chosen = candidates === undefined ? {} : { candidates, tournament };
  return { prompt, completion: text, logprob, finish, ...chosen };
}
