import { InvalidArgumentError, type Command } from 'commander';
import { generate } from '@selfjudge/core';
import { describeIssues, promptIds, toPromptRow, type PromptRow } from '@selfjudge/data';
import { bestOf, Judge } from '@selfjudge/judging';
import { openModel, resolveTemplate, type ModelOptions, type OpenModel } from '../pipelines/model.js';
import { readRows, withRows } from '../pipelines/rows.js';
import { interruptible } from './exit.js';
import { addModelFlags } from './modelFlags.js';
import { Progress } from './progress.js';

interface GenerateFlags extends ModelOptions {
  model: string;
  prompt?: string;
  out?: string;
  count: number;
  best_of: number;
  template: string;
  max_new_tokens: number;
  temperature: number;
  top_p: number;
  top_k: number;
  seed: number;
}

const number = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number');
  return value;
};

export function addGenerateVerb(program: Command): void {
  const command = program
    .command('generate [file]')
    .description('answers to prompts: rows {prompt}, or one --prompt; --best_of N chooses by the own judgments')
    .option('--prompt <text>', 'one prompt instead of a file')
    .option('--count <n>', 'answers a prompt', number, 1)
    .option('--best_of <n>', 'sample n answers and keep the winner of a tournament', number, 1)
    .option('--template <name>', 'judge template of the tournament', 'auto')
    .option('--max_new_tokens <n>', 'tokens of an answer at most', number, 256)
    .option('--temperature <t>', '0 takes the most probable token', number, 1)
    .option('--top_p <p>', 'nucleus sampling', number, 0.9)
    .option('--top_k <k>', '0 for all', number, 0)
    .option('--seed <n>', 'keys the samples', number, 0);
  addModelFlags(command).action((file: string | undefined, flags: GenerateFlags) =>
    interruptible(async (signal) => {
      if ((file === undefined) === (flags.prompt === undefined))
        command.error('error: give either a file of rows {prompt} or --prompt', { exitCode: 2, code: 'usage' });
      const prompts = file === undefined ? [{ id: 'prompt', prompt: flags.prompt! }] : await promptsOf(file);
      const opened = await openModel(flags.model, flags);
      try {
        await withRows(flags.out, (row) => print(row, flags.prompt !== undefined), (write) =>
          answer(opened, prompts, flags, signal, write),
        );
      } finally {
        opened.dispose();
      }
    }),
  );
}

async function promptsOf(file: string): Promise<PromptRow[]> {
  const { rows, issues } = await readRows(file);
  const prompts = rows.flatMap(({ line, value }) => {
    const outcome = toPromptRow(value, `${file}:${line}`);
    if (outcome.problem) issues.push({ file, line, ...outcome.problem });
    return outcome.problem ? [] : [outcome.value];
  });
  if (issues.length > 0) process.stderr.write(`warning: ${issues.length} rows left out\n${describeIssues(issues)}\n`);
  return prompts;
}

async function answer(
  opened: OpenModel,
  prompts: PromptRow[],
  flags: GenerateFlags,
  signal: AbortSignal,
  write: (row: object) => void,
): Promise<void> {
  const { tokenizer, view } = opened;
  const progress = new Progress('generate', 'answers');
  const sampling = {
    maxNewTokens: flags.max_new_tokens,
    temperature: flags.temperature,
    topP: flags.top_p,
    topK: flags.top_k,
    eos: tokenizer.turnEnd.slice(0, 1),
    signal,
    onProgress: ({ done, total, tokens }: { done: number; total: number; tokens: number }) =>
      progress.update(done, total, `${tokens} tokens`),
  };
  if (flags.best_of > 1) {
    const judge = new Judge(view, tokenizer, resolveTemplate(flags.template, opened));
    const results = await bestOf(view, judge, prompts.map((p) => p.prompt), { n: flags.best_of, seed: flags.seed, sampling });
    progress.finish();
    results.forEach(({ text, answers, tournament }, i) =>
      write({ prompt: prompts[i].prompt, completion: text, candidates: answers.map((a) => a.text), tournament }),
    );
    return;
  }
  const samples = await generate(view, prompts.map(({ prompt }) => promptIds(tokenizer, prompt)), {
    ...sampling,
    seed: flags.seed,
    count: flags.count,
  });
  progress.finish();
  samples.forEach((ofPrompt, i) => {
    for (const { tokens, logprobs, finish } of ofPrompt)
      write({
        prompt: prompts[i].prompt,
        completion: tokenizer.decode(finish === 'eos' ? tokens.slice(0, -1) : tokens, { skipSpecial: true }),
        logprob: logprobs.reduce((sum, x) => sum + x, 0),
        finish,
      });
  });
}

/** A single prompt's answer is printed as text, rows as JSON lines. */
function print(row: object, plain: boolean): void {
  const { completion } = row as { completion: string };
  process.stdout.write(plain ? `${completion}\n` : `${JSON.stringify(row)}\n`);
}
