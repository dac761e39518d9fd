import { ArgumentError, ConfigError } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import { describeProblems, refusable } from '@selfjudge/data/internal';
import { JudgeFormat, type JudgeTemplate } from '@selfjudge/judging';
import { judgeSequences } from '@selfjudge/judging/internal';
import type { Tokenizer } from '@selfjudge/text';
import type { Prepared, SelfTrainingOptions, SupervisedExample, TokenizedPrompt } from '@selfjudge/training';
import { judgeExample, left, preparePrompts } from '@selfjudge/training/internal';
import type { OpenModel } from '../models/model.js';
import { countLeftOut, type RowSource, type Warn } from '../rows/datasets.js';
import type { RunOptions } from './runOptions.js';

/** Dev prompts that the judge is asked about; more would only cost time. */
const DEV_PROMPTS = 64;

/** Of a model, how much it takes. */
interface Sized {
  model: { config: { maxPositions: number } };
}

type PromptLimits = Pick<SelfTrainingOptions, 'maxPromptLength' | 'maxNewTokens'>;

/** Sequences must fit the model, whatever was asked for. */
export function limited<T extends { maxLength: number }>(options: T, { model }: Sized): T {
  return { ...options, maxLength: Math.min(options.maxLength, model.config.maxPositions) };
}

/** Prompts must leave the model room for their answers. */
export function promptsLimited<T extends PromptLimits>(options: T, { model }: Sized): T {
  const { maxPositions } = model.config;
  const room = maxPositions - options.maxNewTokens;
  if (room > 0) return { ...options, maxPromptLength: Math.min(options.maxPromptLength, room) };
  throw new ConfigError({
    key: 'max_new_tokens',
    expected: `less than the model's context of ${maxPositions} tokens`,
    received: options.maxNewTokens,
  });
}

/** The rows of dev prompts. */
export const devRows = <T extends RunOptions>(run: T): T => ({
  ...run,
  datasetSplit: 'dev',
  datasetLimit: DEV_PROMPTS,
  tally: undefined,
});

/** The dev prompts that fit, for the judge's signal. */
export async function devPrompts(
  run: RunOptions & SelfTrainingOptions,
  { tokenizer }: OpenModel,
  source: RowSource,
  warn: Warn,
): Promise<TokenizedPrompt[]> {
  // Rows of no use were named when the prompts to train on were read from the same files.
  const rows = await source.prompts(devRows(run), () => {});
  const prompts = preparePrompts(tokenizer, rows, run);
  warnDropped('dev prompts', prompts, warn);
  return prompts.examples;
}

/** Judge examples of preference pairs: both orders of every question; pairs over the limit are dropped and counted. */
export function prepareJudge(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  template: JudgeTemplate,
  { maxLength }: { maxLength: number },
): Prepared<SupervisedExample> {
  // What is wrong with the template itself is an error, not a problem of every row.
  JudgeFormat.of(template, tokenizer);
  const out: Prepared<SupervisedExample> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value: judged, problem } = refusable(() => judgeSequences(row, template, tokenizer));
    if (problem) {
      out.dropped.push(left(row, problem));
      continue;
    }
    const { sequences } = judged;
    const longest = Math.max(0, ...sequences.map(({ tokens }) => tokens.length));
    if (longest > 0 && longest <= maxLength) out.examples.push(judgeExample(judged, row.id));
    else {
      const reason =
        longest === 0
          ? 'no label answers a question of the judge template'
          : `the judge's prompt has ${longest} tokens, the limit is ${maxLength}`;
      out.dropped.push(left(row, { code: longest === 0 ? 'unknown-shape' : 'prompt-too-long', reason }));
    }
  }
  return out;
}

/** Says once what preparing cost. */
function warnDropped(what: string, { examples, dropped, cut }: Prepared<unknown>, warn: Warn): void {
  if (dropped.length > 0) {
    const problems = describeProblems(dropped.map(({ id, place = id, problem }) => ({ ...problem, place })));
    warn(`${dropped.length} of ${dropped.length + examples.length} ${what} left out\n${problems}`);
  }
  if (cut > 0) warn(`${cut} answers shortened to fit max_length; they have no end token`);
}

/** The examples, after a word about those left out. @throws ArgumentError when none is left */
export function usable<T>(
  what: string,
  data: Prepared<T>,
  { datasetName, tally }: RunOptions,
  warn: Warn,
): T[] {
  warnDropped(what, data, warn);
  countLeftOut(
    tally,
    data.dropped.map(({ problem }) => problem.code),
  );
  if (tally !== undefined) tally.cut += data.cut;
  if (data.examples.length > 0) return data.examples;
  throw new ArgumentError('dataset_name', {
    where: 'train',
    expected: `at least one row that can be used (${what})`,
    received: `none of ${data.dropped.length} in ${datasetName.join(', ')}`,
  });
}
