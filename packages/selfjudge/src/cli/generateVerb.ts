import type { Command } from 'commander';
import type { PromptRow, Text } from '@selfjudge/data';
import { promptColumns, toPromptRow } from '@selfjudge/data/internal';
import { answerPrompts, type Answer, type AnswerOptions } from '../inference/generate.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { judgePathOf, withBestOfJudge } from '../inference/bestOfJudge.js';
import { findJudge, type FoundJudge } from '../models/openJudge.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { findModel } from '@selfjudge/engine/internal';
import { openModel, type OpenModel } from '../models/model.js';
import { fittingPrompts } from '../inference/prompts.js';
import { readRows, type InputRow } from '../rows/rows.js';
import { rowShape } from '../rows/rowShape.js';
import { promptNotes } from '../rows/promptNotes.js';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { addModelFlags, addOutputFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';
import { sayLine } from './exit.js';
import { overRows } from './overRows.js';

interface Answered {
  prompt: Text;
  answers: Answer[];
}

export function addGenerateVerb(program: Command): void {
  const command = program
    .command('generate [file]')
    .summary('answers to prompts; with --best_of chosen by its own judgments')
    .description(
      'Answers to prompts; with --best_of chosen by the own judgments of the model.\n\n' +
        'Rows {prompt} to {prompt, completion, logprob, finish}, with --count above 1 to {prompt, completions, logprobs, ' +
        'finishes}, of two answers as judge takes them; or one --prompt to its answers as text.',
    )
    .optionsGroup('Prompt:')
    .option('--prompt <text>', 'one prompt instead of a file');
  addOutputFlags(addModelFlags(command, 'generate'), 'the answer to --prompt as JSON too').action(
    (given: string | undefined) => {
      const file = given === undefined ? undefined : filePath('file', given);
      const { prompt, out, json, ...options } = optionsOf(MODEL_VERBS.generate, command);
      if ((file === undefined) === (prompt === undefined))
        command.error('error: give either a file of rows {prompt} or --prompt', { exitCode: 2 });
      if (options.bestOf > 1 && options.count > 1)
        command.error('error: --count and --best_of exclude each other: a tournament has one winner', {
          exitCode: 2,
        });
      if (options.bestOf > 1) assertTemplate(options.judgeTemplate);
      const shape = rowShape(options.datasetShape);
      let found: FoundJudge | undefined;
      let start: string | undefined;
      const asText = prompt !== undefined && out === undefined && !json;
      return overRows(
        {
          open: async (path, here) => {
            const promptFormat = resolvePromptFormat(here.promptFormat, findModel(path));
            found = await findJudge(judgePathOf(here), { ...here, promptFormat });
            start = here.start;
            return openModel(path, here);
          },
          files: [file ?? '--prompt'],
          title: 'generate',
          unit: 'answers',
          read: async ([path], promptFormat) =>
            prompt === undefined
              ? readRows(path, (row, id) => toPromptRow(row, id, { promptFormat }), shape)
              : [{ line: 1, value: { id: 'prompt', prompt } }],
          promptOf: (row: PromptRow) => row.prompt,
          ...(prompt === undefined && { promptNotes }),
          work: async (opened, rows, { signal, onProgress, ranks }) => {
            const fitting = fittingPrompts(opened, rows, options.maxNewTokens);
            return withBestOfJudge(opened, { ...options, start }, found, (judged, warnings) => {
              warnings.forEach((line) => sayLine(`warning: ${line}`));
              return answered(opened, fitting, {
                ...drawn(options),
                ...judged,
                ranks,
                signal,
                onProgress: ({ done, total, tokens }) => onProgress(done, total, `${tokens} tokens`),
              });
            });
          },
          show: ({ prompt: asked, answers }) =>
            asText ? answers.map(({ text }) => text) : [rowOfAnswers(asked, answers)],
          empty: { prompt: null, ...(options.count > 1 ? { completions: null } : { completion: null }) },
        },
        { ...options, out, json },
      );
    },
  );
}

/** How the answers are drawn, of all that the verb takes. */
const drawn = ({
  bestOf,
  count,
  judgeTemplate,
  judgeReasoning,
  maxNewTokens,
  temperature,
  topP,
  topK,
  seed,
}: VerbOptions<'generate'>): AnswerOptions => ({
  bestOf,
  count,
  judgeTemplate,
  judgeReasoning,
  maxNewTokens,
  temperature,
  topP,
  topK,
  seed,
});

/** The rows with their answers, in place. */
async function answered(
  opened: OpenModel,
  rows: InputRow<{ prompt: Text }>[],
  options: AnswerOptions,
): Promise<InputRow<Answered>[]> {
  const prompts = rows.flatMap(({ value }) => (value === undefined ? [] : [value.prompt]));
  const all = (await answerPrompts(opened, prompts, options)).values();
  return rows.map(({ line, value, problem }) => {
    if (problem !== undefined) return { line, problem };
    const answers = all.next().value as Answer[];
    const failed = answers.find(({ error }) => error !== undefined);
    if (failed !== undefined) return { line, problem: { code: 'not-finite', reason: failed.error! } };
    return { line, value: { prompt: value.prompt, answers } };
  });
}

/** A prompt with its answer, or with all of several. */
function rowOfAnswers(prompt: Text, answers: readonly Answer[]): object {
  if (answers.length > 1)
    return {
      ...promptColumns(prompt),
      completions: answers.map(({ text }) => text),
      logprobs: answers.map(({ logprob }) => logprob),
      finishes: answers.map(({ finish }) => finish),
    };
  const [{ text, logprob, finish, candidates, tournament }] = answers;
  const chosen = candidates === undefined ? {} : { candidates, tournament };
  return { ...promptColumns(prompt), completion: text, logprob, finish, ...chosen };
}
