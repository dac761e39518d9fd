import { JudgeFormat, type JudgeTemplate } from '@selfjudge/judging';
import { judgeSequences } from '@selfjudge/judging/internal';
import type { Tokenizer } from '@selfjudge/text';
import type { PreferencePair, Problem, PromptRow, SftExample, TokenisedExample } from '@selfjudge/data';
import {
  describeProblems,
  preferenceSequences,
  promptIds,
  refusable,
  sftSequences,
} from '@selfjudge/data/internal';
import type { Prepared } from '../loop/stepExamples.js';
import type { TokenizedPrompt } from '../pairs/contest.js';
import type { Answer, TokenPair } from '../pairs/tokenPair.js';
import { judgeExample, sftExample, type SupervisedExample } from '../losses/supervised.js';

export type { Prepared } from '../loop/stepExamples.js';

/** @param options.trainOn the last assistant turn, or all of them */
export function prepareSft(
  tokenizer: Tokenizer,
  rows: readonly SftExample[],
  options: { maxLength: number; trainOn?: 'last' | 'all' },
): Prepared<SupervisedExample> {
  const out: Prepared<SupervisedExample> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value, problem } = sftSequences(tokenizer, row, options);
    if (problem) out.dropped.push(left(row, problem));
    else {
      const sequences = value.map(({ sequence }) => sequence);
      const kinds = sequences.flatMap((sequence) => sftExample(sequence, row.id).kinds);
      out.examples.push({ id: row.id, sequences, kinds });
      out.cut += value.filter(({ cut }) => cut > 0).length;
    }
  }
  return out;
}

/** Pairs whose two sides are the same tokens teach nothing and are dropped. */
export function preparePairs(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  options: { maxLength: number },
): Prepared<TokenPair> {
  const out: Prepared<TokenPair> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value, problem } = preferenceSequences(tokenizer, row, options);
    if (problem) {
      out.dropped.push(left(row, problem));
      continue;
    }
    const [chosen, rejected] = [answerOf(value.chosen), answerOf(value.rejected)];
    if (sameTokens(chosen.tokens, rejected.tokens)) {
      const reason = `both answers are the same ${chosen.tokens.length} tokens`;
      out.dropped.push(left(row, { code: 'equal-answers', reason }));
      continue;
    }
    const { tokens, targets } = value.chosen.sequence;
    const prompt = Array.from(tokens).slice(0, targets![0][0]);
    out.examples.push({ id: row.id, prompt, chosen, rejected });
    out.cut += Number(value.chosen.cut > 0) + Number(value.rejected.cut > 0);
  }
  return out;
}

/** @param options.maxPromptLength prompts of more tokens are dropped, as are those the chat template refuses */
export function preparePrompts(
  tokenizer: Tokenizer,
  rows: readonly PromptRow[],
  options: { maxPromptLength: number },
): Prepared<TokenizedPrompt> {
  const { maxPromptLength } = options;
  const out: Prepared<TokenizedPrompt> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value: tokens, problem } = refusable(() => promptIds(tokenizer, row.prompt));
    if (problem) out.dropped.push(left(row, problem));
    else if (tokens.length <= maxPromptLength) out.examples.push({ id: row.id, text: row.prompt, tokens });
    else {
      const reason = `the prompt has ${tokens.length} tokens, the limit is ${maxPromptLength}`;
      out.dropped.push(left(row, { code: 'prompt-too-long', reason }));
    }
  }
  return out;
}

/**
 * Judge examples of preference pairs: both orders of every question; pairs over the limit are dropped and counted.
 * @param options.rationaleEos see `judgeSequences`
 */
export function prepareJudge(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  template: JudgeTemplate,
  { maxLength, rationaleEos }: { maxLength: number; rationaleEos?: boolean },
): Prepared<SupervisedExample> {
  // What is wrong with the template itself is an error, not a problem of every row.
  JudgeFormat.of(template, tokenizer);
  const out: Prepared<SupervisedExample> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value: judged, problem } = refusable(() =>
      judgeSequences(row, template, tokenizer, { rationaleEos }),
    );
    if (problem) {
      out.dropped.push(left(row, problem));
      continue;
    }
    const { sequences } = judged;
    const longest = Math.max(0, ...sequences.map(({ tokens }) => tokens.length));
    if (longest > 0 && longest <= maxLength)
      out.examples.push({ ...judgeExample(judged, row.id), judged: factsOf(row, judged.labels) });
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

const factsOf = ({ chosen, rejected }: PreferencePair, labels: readonly ('chosen' | 'rejected')[]) => ({
  labels: labels.map((label) => (label === 'chosen' ? ('a' as const) : ('b' as const))),
  lengths: [chosen.length, rejected.length] as const,
});

/** Says once what preparing cost. */
export function warnDropped(
  what: string,
  { examples, dropped, cut }: Prepared<unknown>,
  warn: (line: string) => void,
): void {
  if (dropped.length > 0) {
    const problems = describeProblems(dropped.map(({ id, place = id, problem }) => ({ ...problem, place })));
    warn(`${dropped.length} of ${dropped.length + examples.length} ${what} left out\n${problems}`);
  }
  if (cut > 0) warn(`${cut} answers shortened to fit max_length; they have no end token`);
}

/** A row left out. */
export const left = ({ id, place }: { id: string; place?: string }, problem: Problem) => ({
  id,
  ...(place !== undefined && { place }),
  problem,
});

function answerOf({ sequence: { tokens, targets } }: TokenisedExample): Answer {
  const [start, end] = targets![0];
  return { tokens: Array.from(tokens).slice(start, end) };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((token, i) => token === b[i]);
}
